// A series as a stack of frames, in the order a person looks at them.
import { send } from "/static/api.js";
import { readTable } from "/static/viewer/windowing.js";

export const ARCHIVE = "/api/v1/archive/studies";

const stacks = new Map();

/** Gives the stack of a series; asked for once. */
export function stackOf(study, series) {
  if (!stacks.has(series)) {
    const loading = load(study, series);
    loading.catch(() => stacks.delete(series));
    stacks.set(series, loading);
  }
  return stacks.get(series);
}

async function load(study, series) {
  const { images, left_out: leftOut } = await send("GET", `${ARCHIVE}/${study}/series/${series}/images`);
  const shown = images.filter((image) => image.kind === "image");
  const frames = shown.flatMap((image) => framesOf(study, image));
  if (!frames.length) throw new Error(images.find((image) => image.problem)?.problem ?? "This series has no images.");
  const [speed] = shown.map((image) => image.frames_per_second).filter(Boolean);
  return { series, frames, leftOut, speed: speed ?? 10, isCine: shown.some((image) => image.frames > 1) };
}

function framesOf(study, image) {
  return Array.from({ length: image.frames }, (_, place) => frameOf(study, image, place));
}

function frameOf(study, image, place) {
  const said = { ...image.frame, ...image.frames_differ[place] };
  const spacing = said.spacing.length === 2 ? said.spacing : image.pixel_spacing;
  return {
    image,
    number: place + 1,
    address: `${ARCHIVE}/${study}/instances/${image.sop_instance_uid}/frames/${place + 1}`,
    bytes: image.rows * image.columns * (image.pixels === "rgb" ? 3 : Number.parseInt(image.pixels.match(/\d+/), 10) / 8),
    rescale: { slope: said.rescale_slope, intercept: said.rescale_intercept },
    looks: [...said.tables.map(readTable), ...said.windows],
    position: said.position,
    orientation: said.orientation,
    location: said.location,
    thickness: said.thickness,
    spacing,
    spacingOf: image.pixel_spacing_of,
    aspect: image.pixel_aspect,
    space: image.frame_of_reference_uid,
  };
}
