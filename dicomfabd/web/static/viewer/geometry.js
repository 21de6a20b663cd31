// Where pixels are: in the pane, in the patient (PS3.3 C.7.6.2.1.1), and how far apart. Pure.

const PARALLEL = 0.95;
const NOTICED = 0.2;
const OPPOSITES = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

/** Gives the normal of a slice from its row and column directions. */
export function normalOf([a, b, c, d, e, f]) {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/** Gives letters for a direction in the patient: L, R, A, P, H, F, the strongest first. */
export function lettersOf(direction) {
  const names = [["L", "R"], ["P", "A"], ["H", "F"]];
  return direction
    .map((part, axis) => ({ size: Math.abs(part), letter: names[axis][part > 0 ? 0 : 1] }))
    .filter(({ size }) => size > NOTICED)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join("");
}

const opposite = (letters) => [...letters].map((letter) => OPPOSITES[letter] ?? "").join("");

/** Gives the letters at the four sides of a frame; empty ones where nobody says. */
export function sidesOf(frame) {
  let right = "";
  let bottom = "";
  if (frame.orientation) {
    right = lettersOf(frame.orientation.slice(0, 3));
    bottom = lettersOf(frame.orientation.slice(3));
  } else if (frame.image.patient_orientation.length === 2) {
    [right, bottom] = frame.image.patient_orientation;
  }
  return { top: opposite(bottom), right, bottom, left: opposite(right) };
}

/** Tells whether two frames are slices of one space, and parallel. */
export function areParallel(one, other) {
  if (!isSlice(one) || !isSlice(other) || one.space !== other.space) return false;
  return Math.abs(dot(normalOf(one.orientation), normalOf(other.orientation))) > PARALLEL;
}

/** Tells whether a frame says where in which space it lies. */
export function isSlice(frame) {
  return Boolean(frame.position && frame.orientation && frame.space);
}

/** Gives the number of the frame of a stack that lies nearest to a slice, or null. */
export function nearest(frames, slice) {
  let best = null;
  let least = Infinity;
  frames.forEach((frame, number) => {
    if (!areParallel(frame, slice)) return;
    const distance = Math.abs(dot(minus(frame.position, slice.position), normalOf(slice.orientation)));
    if (distance < least) [best, least] = [number, distance];
  });
  return best;
}

/** Gives the two ends, in pixels of a frame, of the line where another slice cuts it, or null. */
export function cut(frame, slice) {
  const spacing = frame.spacing;
  if (!isSlice(frame) || !isSlice(slice) || frame.space !== slice.space || !spacing) return null;
  if (areParallel(frame, slice)) return null;
  const normal = normalOf(slice.orientation);
  const across = dot(normal, frame.orientation.slice(0, 3)) * spacing[1];
  const down = dot(normal, frame.orientation.slice(3)) * spacing[0];
  const offset = dot(normal, minus(frame.position, slice.position));
  const { columns, rows } = frame.image;
  const ends = [];
  const add = (x, y) => {
    if (x >= -1e-6 && x <= columns + 1e-6 && y >= -1e-6 && y <= rows + 1e-6) ends.push([x, y]);
  };
  if (Math.abs(down) > 1e-9) for (const x of [0, columns]) add(x, -(offset + across * x) / down);
  if (Math.abs(across) > 1e-9) for (const y of [0, rows]) add(-(offset + down * y) / across, y);
  return ends.length >= 2 ? [ends[0], ends.at(-1)] : null;
}

/** Gives the length between two points of a frame in words: millimetres where the frame says how far pixels are apart. */
export function lengthInWords(frame, [x1, y1], [x2, y2]) {
  const { spacing } = frame;
  if (!spacing) return `${Math.hypot(x2 - x1, (y2 - y1) * frame.aspect).toFixed(1)} px`;
  const millimetres = Math.hypot((x2 - x1) * spacing[1], (y2 - y1) * spacing[0]);
  const where = frame.spacingOf === "detector" ? " at the detector" : "";
  return `${millimetres.toFixed(1)} mm${where}`;
}

/** Gives the zoom at which a frame just fits into a pane. */
export function fitting(frame, width, height) {
  const { columns, rows } = frame.image;
  return Math.min(width / columns, height / (rows * frame.aspect)) || 1;
}

/** Gives where the frame's corner lies in the pane; the view is {zoom, x, y}, from the middle of both. */
export function cornerOf(frame, view, width, height) {
  const { columns, rows } = frame.image;
  return [width / 2 + view.x - (columns * view.zoom) / 2, height / 2 + view.y - (rows * frame.aspect * view.zoom) / 2];
}
