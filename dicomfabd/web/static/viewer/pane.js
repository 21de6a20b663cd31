// One pane: a stack, which of its frames is shown, and how.
import { fetchAround, valuesHere, valuesOf } from "/static/viewer/frames.js";
import { cornerOf, cut, fitting, sidesOf } from "/static/viewer/geometry.js";
import { drawMarks } from "/static/viewer/marks.js";
import { stackOf } from "/static/viewer/stack.js";
import { paint, wholeRange } from "/static/viewer/windowing.js";

const LEAST_ZOOM = 0.02;
const MOST_ZOOM = 40;
const DRAG_OF_WIDTH = 300; // so many pixels of drag double a window

export class Pane extends EventTarget {
  constructor(element, study) {
    super();
    this.element = element;
    this.study = study;
    this.part = (name) => element.querySelector(`[data-part="${name}"]`);
    this.image = this.part("image");
    this.marks = this.part("marks");
    this.painted = document.createElement("canvas");
    this.stack = null;
    this.series = null;
    this.place = 0;
    this.direction = 1;
    this.lengths = [];
    this.reference = null;
    this.isWaiting = false;
    this.reset();
    new ResizeObserver(() => this.resize()).observe(this.part("view"));
  }

  /** Shows a series from a frame on, counted from 0; without one, in the middle of a stack of slices. */
  async show(series, place = null) {
    this.series = series;
    this.stack = null;
    this.lengths = [];
    this.reset();
    this.say("Loading …");
    let stack;
    try {
      stack = await stackOf(this.study.uid, series.uid);
    } catch (error) {
      if (this.series === series) this.say(error.message);
      return;
    }
    if (this.series !== series) return; // another one was chosen meanwhile
    this.stack = stack;
    this.place = -1;
    this.say("");
    this.dispatchEvent(new Event("opened"));
    this.go(place ?? (stack.isCine ? 0 : Math.floor(stack.frames.length / 2)));
  }

  get frame() {
    return this.stack?.frames[this.place] ?? null;
  }

  get values() {
    return this.frame && valuesHere(this.frame);
  }

  /** Goes to a frame; the picture follows when its values are here. */
  go(place) {
    if (!this.stack) return;
    const last = this.stack.frames.length - 1;
    const next = Math.min(last, Math.max(0, place));
    if (next === this.place) return;
    this.direction = next >= this.place ? 1 : -1;
    const before = this.place;
    this.place = next;
    this.dispatchEvent(new CustomEvent("moved", { detail: { before } }));
    this.fetch();
  }

  async fetch() {
    const { frame, stack } = this;
    fetchAround(stack.frames, this.place, this.direction);
    if (valuesHere(frame)) {
      this.draw();
      return;
    }
    this.isWaiting = true;
    try {
      await valuesOf(frame);
      if (this.frame !== frame) return;
      this.say("");
      this.draw();
    } catch (error) {
      if (this.frame === frame) this.fail(error.message);
    } finally {
      if (this.frame === frame) this.isWaiting = false;
    }
  }

  /** Back to how it was at first: fitting, the image's own window. */
  reset() {
    this.look = undefined; // the frame's own; null is the whole range of its values
    this.isInverted = false;
    this.fit();
  }

  fit() {
    this.view = { zoom: 1, x: 0, y: 0, isFitting: true };
    this.draw();
  }

  /** Gives the look that is shown now: a window {centre, width, function}, a table, or null for colours. */
  shownLook() {
    const { frame, values } = this;
    if (!frame || !values || frame.image.pixels === "rgb") return null;
    const look = this.look === undefined ? frame.looks[0] : this.look;
    return look ?? wholeRange(values, frame.rescale);
  }

  setLook(look) {
    this.look = typeof look === "function" ? look(this.values ?? [0]) : look;
    this.draw();
  }

  /** Changes the window as a drag of so many pixels does: across the width, down the centre. */
  dragLook(start, across, down) {
    if (!start) return;
    const from = start.kind === "table" ? wholeRange(this.values, this.frame.rescale) : start;
    const step = Math.max(from.width, 1e-6) / DRAG_OF_WIDTH;
    const least = from.function === "linear" ? 1 : from.width / 1000;
    const width = Math.max(least, from.width + across * step);
    this.setLook({ centre: from.centre + down * step, width, function: from.function });
  }

  invert() {
    this.isInverted = !this.isInverted;
    this.draw();
  }

  /** Zooms so that the point under (x, y) of the pane stays there. */
  zoomAt(factor, x = this.width / 2, y = this.height / 2) {
    if (!this.frame) return;
    const { view } = this;
    const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, view.zoom * factor));
    const ratio = zoom / view.zoom;
    const fromMiddle = [x - this.width / 2, y - this.height / 2];
    view.x = fromMiddle[0] + (view.x - fromMiddle[0]) * ratio;
    view.y = fromMiddle[1] + (view.y - fromMiddle[1]) * ratio;
    Object.assign(view, { zoom, isFitting: false });
    this.draw();
  }

  /** Shows one pixel of the image as one of the screen. */
  showOneToOne() {
    this.view = { zoom: 1 / devicePixelRatio, x: 0, y: 0, isFitting: false };
    this.draw();
  }

  pan(x, y) {
    Object.assign(this.view, { x: this.view.x + x, y: this.view.y + y, isFitting: false });
    this.draw();
  }

  /** Gives the point of the image, in its pixels, under a point of the pane. */
  toImage(x, y) {
    const [left, top] = cornerOf(this.frame, this.view, this.width, this.height);
    return [(x - left) / this.view.zoom, (y - top) / (this.view.zoom * this.frame.aspect)];
  }

  toPane([x, y]) {
    const [left, top] = cornerOf(this.frame, this.view, this.width, this.height);
    return [left + x * this.view.zoom, top + y * this.view.zoom * this.frame.aspect];
  }

  resize() {
    const view = this.part("view");
    [this.width, this.height] = [view.clientWidth, view.clientHeight];
    for (const canvas of [this.image, this.marks]) {
      canvas.width = Math.round(this.width * devicePixelRatio);
      canvas.height = Math.round(this.height * devicePixelRatio);
    }
    this.drawNow();
  }

  /** Draws with the next picture of the screen, however often it is asked. */
  draw() {
    this.isDue ??= requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    if (this.isDue) cancelAnimationFrame(this.isDue);
    this.isDue = null;
    const { frame, values } = this;
    // Until the next frame is here the last one stays: nothing flickers.
    if (!frame || !values || !this.width) return;
    if (this.view.isFitting) this.view.zoom = fitting(frame, this.width, this.height);
    const look = this.shownLook();
    this.paint(frame, values, look);
    this.drawImage(frame);
    this.drawMarks();
    const window = look && look.kind !== "table" ? look : {};
    Object.assign(this.element.dataset, {
      frame: this.place + 1,
      instance: frame.image.sop_instance_uid,
      centre: window.centre ?? "",
      width: window.width ?? "",
    });
    this.dispatchEvent(new CustomEvent("drawn", { detail: { look, sides: sidesOf(frame) } }));
  }

  paint(frame, values, look) {
    const { rows, columns, pixels, is_inverse: isInverse } = frame.image;
    // A window that is still the same on the same frame needs no new picture.
    const key = [frame.address, JSON.stringify(look), this.isInverted].join();
    if (key === this.paintedKey) return;
    this.paintedKey = key;
    if (this.painted.width !== columns || this.painted.height !== rows) {
      Object.assign(this.painted, { width: columns, height: rows });
    }
    const context = this.painted.getContext("2d");
    const picture = context.createImageData(columns, rows);
    paint(values, new Uint32Array(picture.data.buffer), pixels, frame.rescale, look, isInverse !== this.isInverted);
    context.putImageData(picture, 0, 0);
  }

  drawImage(frame) {
    const context = this.image.getContext("2d", { alpha: false });
    const ratio = devicePixelRatio;
    const [left, top] = cornerOf(frame, this.view, this.width, this.height);
    const scale = this.view.zoom * ratio;
    const isExact = scale === 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.image.width, this.image.height);
    context.imageSmoothingEnabled = !isExact;
    context.imageSmoothingQuality = "high";
    const place = [left * ratio, top * ratio].map((edge) => (isExact ? Math.round(edge) : edge));
    context.setTransform(scale, 0, 0, scale * frame.aspect, ...place);
    context.drawImage(this.painted, 0, 0);
  }

  drawMarks() {
    const { frame } = this;
    if (!frame) return;
    const lengths = this.lengths.filter((it) => it.frame === frame);
    const line = this.reference && cut(frame, this.reference);
    drawMarks(this.marks, devicePixelRatio, frame, lengths, line, (point) => this.toPane(point));
  }

  /** Gives what is stored under a point of the pane: column, row and value, or null beside the image. */
  probe(x, y) {
    const { frame, values } = this;
    if (!frame || !values) return null;
    const [column, row] = this.toImage(x, y).map(Math.floor);
    const { columns, rows, pixels, units } = frame.image;
    if (column < 0 || row < 0 || column >= columns || row >= rows) return null;
    const place = row * columns + column;
    if (pixels === "rgb") return { column, row, value: [...values.slice(3 * place, 3 * place + 3)].join(" "), units: "RGB" };
    const { slope, intercept } = frame.rescale;
    const value = values[place] * slope + intercept;
    return { column, row, value: Number.isInteger(value) ? value : Number(value.toPrecision(6)), units };
  }

  say(text) {
    const output = this.part("message");
    output.textContent = text;
    output.hidden = !text;
  }

  fail(text) {
    this.say(text);
    const context = this.image.getContext("2d", { alpha: false });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillRect(0, 0, this.image.width, this.image.height);
  }

  /** Gives the picture as it is shown, in the image's own size, as a blob. */
  picture(type) {
    return new Promise((resolve) => { this.painted.toBlob(resolve, type, 0.92); });
  }
}
