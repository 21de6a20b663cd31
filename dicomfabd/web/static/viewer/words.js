// The words over an image.

/** Writes what is known of patient, study, series and image into the corners of a pane. */
export function writeCorners(pane, study, { look, sides }) {
  const { frame, series, stack } = pane;
  const { image } = frame;
  const lines = {
    "top-left": [study.patient, study.patientId, study.born],
    "top-right": [study.description, study.date, study.accession && `Acc ${study.accession}`],
    "bottom-left": [
      [series.number && `Se ${series.number}`, series.description].filter(Boolean).join(" · "),
      [`Im ${image.instance_number ?? "?"}`, image.frames > 1 && `frame ${frame.number}`, image.laterality, image.view].filter(Boolean).join(" · "),
      placeOf(frame),
    ],
    "bottom-right": [
      lookInWords(look, image),
      `${Math.round(pane.view.zoom * devicePixelRatio * 100)} % · ${image.columns} × ${image.rows}`,
      pane.isInverted ? "inverted" : "",
    ],
  };
  for (const [corner, texts] of Object.entries(lines)) pane.part(corner).textContent = texts.filter(Boolean).join("\n");
  for (const [side, letters] of Object.entries(sides)) pane.part(side).textContent = letters;
  pane.part("count").textContent = `${pane.place + 1} / ${stack.frames.length}`;
}

function placeOf(frame) {
  const location = frame.location ?? null;
  const parts = [];
  if (location !== null) parts.push(`Loc ${number(location)} mm`);
  if (frame.thickness !== null) parts.push(`Thk ${number(frame.thickness)} mm`);
  return parts.join(" · ");
}

function lookInWords(look, image) {
  if (!look) return image.photometric_interpretation;
  if (look.kind === "table") return look.explanation ? `LUT ${look.explanation}` : "LUT of the image";
  const name = look.function === "sigmoid" ? " sigmoid" : "";
  return `C ${number(look.centre)}  W ${number(look.width)}${name}`;
}

const number = (value) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))).toString();
