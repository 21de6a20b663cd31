// Windows people know by name, beside those an image brings with it.

const CT = [
  ["Soft tissue", 40, 400],
  ["Lung", -600, 1500],
  ["Bone", 500, 2000],
  ["Brain", 40, 80],
  ["Subdural", 75, 215],
  ["Mediastinum", 50, 350],
  ["Liver", 60, 160],
  ["Angiography", 300, 600],
];

const PERCENTILES = [
  ["Middle 98 %", 0.01],
  ["Middle 90 %", 0.05],
];

/** Gives what may be chosen for a frame: [{name, look}]; `look` is a function of the values where it depends on them. */
export function presetsOf(modality, frame) {
  if (frame.image.pixels === "rgb") return [];
  const own = frame.looks.map((look, place) => ({ name: look.explanation || `Image ${place + 1}`, look }));
  const known = modality === "CT"
    ? CT.map(([name, centre, width]) => ({ name, look: { centre, width, function: "linear" } }))
    : PERCENTILES.map(([name, share]) => ({ name, look: (values) => middle(values, frame.rescale, share) }));
  return [...own, ...known, { name: "Whole range", look: null }];
}

function middle(values, { slope, intercept }, share) {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const sample = [];
  for (let place = 0; place < values.length; place += step) sample.push(values[place]);
  sample.sort((a, b) => a - b);
  const ends = [share, 1 - share].map((part) => sample[Math.round(part * (sample.length - 1))] * slope + intercept);
  const width = Math.abs(ends[1] - ends[0]) || 1;
  return { centre: (ends[0] + ends[1]) / 2, width, function: "linear-exact" };
}
