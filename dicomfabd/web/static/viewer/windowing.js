// Values → grey: modality rescale, then window or VOI LUT (PS3.3 C.11.1, C.11.2). Pure; the server's picture is the same.

const WHITE = 255;
const OPAQUE = 0xff000000;
// Value i at place i & 255 or i & 65535: signed values wrap around, so no offset is needed.
const PLACES = { uint8: [0, 255], int8: [-128, 127], uint16: [0, 65535], int16: [-32768, 32767] };

/** Gives a value's share of white, clipped to 0…1, for a window {centre, width, function} (PS3.3 C.11.2.1.2, .3). */
export function shareOf(value, { centre, width, function: name }) {
  let share;
  if (name === "sigmoid") share = 1 / (1 + Math.exp((-4 * (value - centre)) / width));
  else if (name === "linear-exact") share = (value - centre) / width + 0.5;
  else share = (value - (centre - 0.5)) / Math.max(width - 1, 1e-6) + 0.5;
  return Math.min(1, Math.max(0, share));
}

/** Gives a value's share of white by a VOI LUT {first, bits, entries}. */
export function shareByTable(value, { first, bits, entries }) {
  const place = Math.min(entries.length - 1, Math.max(0, Math.floor(value) - first));
  return Math.min(1, entries[place] / (2 ** bits - 1));
}

/** Reads the content of a VOI LUT as the API gives it. */
export function readTable(table) {
  const bytes = Uint8Array.from(atob(table.content), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const entries = Uint16Array.from({ length: bytes.length >> 1 }, (_, place) => view.getUint16(2 * place, true));
  return { kind: "table", first: table.first, bits: table.bits, explanation: table.explanation, entries };
}

/** Gives the window that just holds some stored values. */
export function wholeRange(values, { slope, intercept }) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const ends = [low * slope + intercept, high * slope + intercept];
  const width = Math.abs(ends[1] - ends[0]) || 1;
  return { centre: (ends[0] + ends[1]) / 2, width, function: "linear-exact" };
}

/** Gives the grey, 0…255, of a stored value. */
export function greyOf(stored, { slope, intercept }, look, isInverse) {
  const value = stored * slope + intercept;
  const share = look.kind === "table" ? shareByTable(value, look) : shareOf(value, look);
  const grey = Math.floor(share * WHITE);
  return isInverse ? WHITE - grey : grey;
}

/** Paints stored values, or colours (three bytes each), as RGBA words. */
export function paint(values, words, kind, rescale, look, isInverse) {
  if (kind === "rgb") {
    paintColours(values, words, isInverse);
    return;
  }
  const ends = PLACES[kind];
  if (!ends) {
    for (let place = 0; place < words.length; place += 1) {
      words[place] = wordOf(greyOf(values[place], rescale, look, isInverse));
    }
    return;
  }
  const [low, high] = ends;
  const mask = high - low;
  const shades = new Uint32Array(mask + 1);
  for (let value = low; value <= high; value += 1) shades[value & mask] = wordOf(greyOf(value, rescale, look, isInverse));
  for (let place = 0; place < words.length; place += 1) words[place] = shades[values[place] & mask];
}

function paintColours(values, words, isInverse) {
  const flip = isInverse ? 0xffffff : 0;
  for (let place = 0, at = 0; place < words.length; place += 1, at += 3) {
    words[place] = ((OPAQUE | (values[at + 2] << 16) | (values[at + 1] << 8) | values[at]) ^ flip) >>> 0;
  }
}

// Canvas memory is R, G, B, A; every browser runs on little-endian machines.
function wordOf(grey) {
  return (OPAQUE | (grey << 16) | (grey << 8) | grey) >>> 0;
}
