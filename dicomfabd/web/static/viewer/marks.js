// What is drawn over an image: lengths, and where the other pane's slice cuts this one.
import { lengthInWords } from "/static/viewer/geometry.js";

const LENGTH = "#ffd54a";
const CUT = "#5ad1e6";

/** Draws marks; `toPane` gives the place of a point of the image in CSS pixels. */
export function drawMarks(canvas, ratio, frame, lengths, cutLine, toPane) {
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (cutLine) {
    context.setLineDash([6, 4]);
    line(context, CUT, ...cutLine.map(toPane));
    context.setLineDash([]);
  }
  for (const { from, to } of lengths) drawLength(context, frame, from, to, toPane);
}

function drawLength(context, frame, from, to, toPane) {
  const [a, b] = [toPane(from), toPane(to)];
  line(context, LENGTH, a, b);
  context.fillStyle = LENGTH;
  for (const [x, y] of [a, b]) context.fillRect(x - 2, y - 2, 4, 4);
  const text = lengthInWords(frame, from, to);
  context.font = "600 13px system-ui, sans-serif";
  context.lineWidth = 3;
  context.strokeStyle = "#000";
  const [x, y] = b[0] >= a[0] ? b : a;
  context.strokeText(text, x + 8, y + 4);
  context.fillText(text, x + 8, y + 4);
}

function line(context, colour, [x1, y1], [x2, y2]) {
  for (const [style, width] of [["#000a", 3], [colour, 1.4]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
}
