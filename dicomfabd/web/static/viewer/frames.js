// Values of frames: fetched, the neighbours ahead of time, and kept as long as they fit.
import { describe } from "/static/api.js";

const MOST_BYTES = 256 * 1024 * 1024;
const MOST_AHEAD = 48;
const AT_ONCE = 4;
const KINDS = {
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array, uint32: Uint32Array, int32: Int32Array,
  rgb: Uint8Array,
};

const kept = new Map(); // address → values; the one used last stands last
const coming = new Map(); // address → promise
let bytes = 0;
let ahead = [];
let busy = 0;

/** Gives a frame's values if they are here. */
export function valuesHere(frame) {
  const values = kept.get(frame.address);
  if (values) {
    kept.delete(frame.address);
    kept.set(frame.address, values);
  }
  return values;
}

/** Gives a frame's values; a promise. */
export function valuesOf(frame) {
  const here = valuesHere(frame);
  if (here) return Promise.resolve(here);
  if (!coming.has(frame.address)) {
    coming.set(frame.address, load(frame).finally(() => coming.delete(frame.address)));
  }
  return coming.get(frame.address);
}

/** Fetches what lies around a frame of a stack, the side one moves to first; what was to be fetched before is not. */
export function fetchAround(frames, place, direction) {
  const most = Math.min(MOST_AHEAD, Math.floor(MOST_BYTES / 4 / (frames[place].bytes || 1)));
  const wanted = [];
  for (let step = 1; wanted.length < Math.min(most, frames.length - 1) && step < frames.length; step += 1) {
    for (const other of [place + direction * step, place - direction * Math.ceil(step / 3)]) {
      const frame = frames[other];
      if (frame && !wanted.includes(frame)) wanted.push(frame);
    }
  }
  ahead = wanted.filter((frame) => !kept.has(frame.address));
  while (busy < AT_ONCE && ahead.length) next();
}

function next() {
  const frame = ahead.shift();
  if (!frame || kept.has(frame.address)) return;
  busy += 1;
  valuesOf(frame).catch(() => {}).finally(() => {
    busy -= 1;
    while (busy < AT_ONCE && ahead.length) next();
  });
}

async function load(frame) {
  const response = await fetch(frame.address).catch(() => {
    throw new Error("The daemon does not answer. Is it running?");
  });
  if (!response.ok) throw new Error(describe(await response.json().catch(() => null)) || response.statusText);
  const content = await response.arrayBuffer();
  if (content.byteLength !== frame.bytes) throw new Error("The image has another size than it says.");
  const values = new KINDS[frame.image.pixels](content);
  keep(frame.address, values);
  return values;
}

function keep(address, values) {
  kept.set(address, values);
  bytes += values.byteLength;
  for (const [oldest, old] of kept) {
    if (bytes <= MOST_BYTES || oldest === address) break;
    kept.delete(oldest);
    bytes -= old.byteLength;
  }
}

/** Gives how many frames and bytes are kept. */
export function holdings() {
  return { frames: kept.size, bytes, most: MOST_BYTES };
}
