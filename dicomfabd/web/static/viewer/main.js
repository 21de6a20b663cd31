// The viewer: panes, tools, keys, and what stands in the address.
import { Cine } from "/static/viewer/cine.js";
import { areParallel, nearest } from "/static/viewer/geometry.js";
import { Pane } from "/static/viewer/pane.js";
import { listen } from "/static/viewer/pointer.js";
import { presetsOf } from "/static/viewer/presets.js";
import { writeCorners } from "/static/viewer/words.js";
import { showTags } from "/static/tags.js";

const $ = (id) => document.getElementById(id);
const study = { ...$("viewer").dataset };
const buttons = [...document.querySelectorAll("[data-series]")];
const seriesList = buttons.map(({ dataset }) => ({
  uid: dataset.series, number: dataset.number, description: dataset.description, modality: dataset.modality,
}));
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const isTouch = matchMedia("(pointer: coarse)").matches;
const state = { tool: isTouch ? "scroll" : "window", active: 0, isDouble: false, isLinked: false };

const panes = [0, 1].map((number) => makePane(number));
const active = () => panes[state.active];

function makePane(number) {
  const element = $("pane").content.firstElementChild.cloneNode(true);
  element.dataset.pane = number;
  element.setAttribute("aria-label", `Image ${number + 1}`);
  element.hidden = number > 0;
  $("panes").append(element);
  const pane = new Pane(element, study);
  const slider = pane.part("slider");
  const speed = pane.part("speed");
  pane.cine = new Cine(pane, () => {
    pane.part("play").setAttribute("aria-pressed", pane.cine.isRunning);
    pane.part("play").querySelector("use").setAttribute("href", pane.cine.isRunning ? "#i-pause" : "#i-play");
  });
  listen(pane, () => state.tool, { chosen: () => choose(number), probed: (found) => writeProbe(pane, found) });
  pane.addEventListener("opened", () => {
    slider.max = pane.stack.frames.length;
    pane.part("controls").classList.toggle("is-single", pane.stack.frames.length < 2);
    pane.cine.stop();
    pane.cine.framesPerSecond = Math.min(60, Math.max(1, Math.round(pane.stack.speed)));
    speed.value = pane.cine.framesPerSecond;
    if (pane.stack.leftOut) pane.say(`${pane.stack.leftOut} images are left out: the series is too long.`);
    if (pane.stack.isCine && !isCalm && pane === active() && !location.hash.includes("image=")) pane.cine.start();
  });
  pane.addEventListener("moved", () => {
    slider.value = pane.place + 1;
    follow(pane);
    if (pane === active()) noteAddress();
  });
  pane.addEventListener("drawn", (event) => {
    writeCorners(pane, study, event.detail);
    if (pane === active()) offerPresets();
  });
  slider.addEventListener("input", () => pane.go(Number(slider.value) - 1));
  pane.part("play").addEventListener("click", () => { choose(number); pane.cine.toggle(); });
  speed.addEventListener("change", () => { pane.cine.framesPerSecond = Math.min(60, Math.max(1, Number(speed.value) || 10)); });
  element.addEventListener("focus", () => choose(number));
  return pane;
}

function choose(number) {
  state.active = number;
  panes.forEach((pane, place) => pane.element.classList.toggle("is-active", state.isDouble && place === number));
  markSeries();
  offerPresets();
  noteAddress();
}

function markSeries() {
  for (const button of buttons) {
    button.setAttribute("aria-pressed", button.dataset.series === active().series?.uid);
  }
}

function open(number, place = null) {
  const series = seriesList[number];
  if (!series) return;
  const pane = active();
  pane.cine.stop();
  pane.show(series, place);
  markSeries();
}

/** Lets the other pane follow, and shows it where this slice cuts it. */
function follow(pane) {
  const other = panes[1 - panes.indexOf(pane)];
  if (!state.isDouble || !pane.frame || !other.frame) return;
  if (state.isLinked && pane === active()) {
    const place = nearest(other.stack.frames, pane.frame);
    if (place !== null) other.go(place);
  }
  other.reference = pane.frame;
  pane.reference = other.frame;
  other.draw();
  pane.draw();
}

function noteAddress() {
  const pane = active();
  clearTimeout(state.noting);
  if (!pane.series || !pane.stack) return;
  state.noting = setTimeout(() => history.replaceState(null, "", `#series=${pane.series.uid}&image=${pane.place + 1}`), 150);
}

function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const found = seriesList.findIndex((series) => series.uid === wanted.get("series"));
  const image = Number(wanted.get("image"));
  return { number: Math.max(0, found), place: found >= 0 && Number.isInteger(image) && image > 0 ? image - 1 : null };
}

function writeProbe(pane, found) {
  const text = found ? `${found.column}, ${found.row}: ${found.value} ${found.units}` : "";
  pane.part("probe").textContent = text;
}

function offerPresets() {
  const pane = active();
  const select = $("preset");
  const offered = pane.frame ? presetsOf(pane.series.modality, pane.frame) : [];
  const names = offered.map(({ name }) => name);
  state.presets = offered;
  if (state.presetNames === names.join("\n")) return;
  state.presetNames = names.join("\n");
  const options = names.map((name, place) => new Option(place < 9 ? `${place + 1}  ${name}` : name, place));
  select.replaceChildren(new Option("Window …", ""), ...options);
  select.disabled = !offered.length;
}

function usePreset(place) {
  const preset = state.presets?.[place];
  if (preset) active().setLook(preset.look);
}

function setTool(tool) {
  state.tool = tool;
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", button.dataset.tool === tool);
  }
  $("panes").dataset.tool = tool;
}

function setDouble(isDouble) {
  state.isDouble = isDouble;
  panes[1].element.hidden = !isDouble;
  $("panes").classList.toggle("is-double", isDouble);
  document.querySelector('[data-do="double"]').setAttribute("aria-pressed", isDouble);
  document.querySelector('[data-do="link"]').disabled = !isDouble;
  choose(0);
  if (isDouble && !panes[1].series) {
    const first = seriesList.indexOf(panes[0].series);
    panes[1].show(seriesList[(first + 1) % seriesList.length]);
  }
  if (!isDouble) {
    panes[1].cine.stop();
    panes[0].reference = null;
    panes[0].draw();
  }
}

function setLinked(isLinked) {
  state.isLinked = isLinked;
  document.querySelector('[data-do="link"]').setAttribute("aria-pressed", isLinked);
  const [one, other] = panes.map((pane) => pane.frame);
  if (isLinked && one && other && !areParallel(one, other)) active().say("The two series are not parallel slices of one space.");
  else for (const pane of panes) if (pane.stack) pane.say("");
  follow(active());
}

async function save(type) {
  const pane = active();
  if (!pane.frame) return;
  const url = URL.createObjectURL(await pane.picture(type));
  const link = document.createElement("a");
  link.href = url;
  link.download = `series-${Number.parseInt(pane.series.number, 10) || 0}-image-${pane.place + 1}.${type === "image/png" ? "png" : "jpg"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function saveFile() {
  if (!active().frame) return;
  location.assign(active().frame.address.replace(/\/frames\/\d+$/, ".dcm"));
}

async function tags() {
  const pane = active();
  if (!pane.frame) return;
  $("tags").showModal();
  await showTags($("tags-list"), pane.frame.address.replace(/\/frames\/\d+$/, "/tags"));
}

const doing = {
  invert: () => active().invert(),
  fit: () => active().fit(),
  "one-to-one": () => active().showOneToOne(),
  "zoom-in": () => active().zoomAt(1.25),
  "zoom-out": () => active().zoomAt(0.8),
  reset: () => { active().lengths = []; active().reset(); },
  clear: () => { active().lengths = []; active().draw(); },
  cine: () => active().cine.toggle(),
  double: () => setDouble(!state.isDouble),
  link: () => state.isDouble && setLinked(!state.isLinked),
  fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  tags,
  png: () => save("image/png"),
  jpeg: () => save("image/jpeg"),
  dicom: saveFile,
  keys: () => $("keys").showModal(),
  text: () => document.body.classList.toggle("is-bare"),
  previous: () => active().go(active().place - 1),
  next: () => active().go(active().place + 1),
  back: () => active().go(active().place - 10),
  ahead: () => active().go(active().place + 10),
  first: () => active().go(0),
  last: () => active().go(Infinity),
  "previous-series": () => open(seriesList.indexOf(active().series) - 1),
  "next-series": () => open(seriesList.indexOf(active().series) + 1),
};

const KEYS = {
  ArrowUp: "previous", ArrowDown: "next", PageUp: "back", PageDown: "ahead", Home: "first", End: "last",
  ArrowLeft: "previous-series", ArrowRight: "next-series", " ": "cine", i: "invert", f: "fit", o: "one-to-one",
  r: "reset", "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", d: "double", y: "link", t: "tags", b: "text", F: "fullscreen",
  "?": "keys", Escape: "clear",
};
const TOOLS = { w: "window", p: "pan", z: "zoom", s: "scroll", l: "length" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=range]), select")) return;
  if (event.key === " " && event.target.matches("button, summary, a")) return;
  if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
  const { key } = event;
  if (/^[1-9]$/.test(key)) usePreset(Number(key) - 1);
  else if (TOOLS[key]) setTool(TOOLS[key]);
  else if (KEYS[key]) doing[KEYS[key]]();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do], [data-tool], [data-series], [data-close]");
  if (!button) return;
  const { tool, series } = button.dataset;
  if (button.dataset.do) doing[button.dataset.do]();
  else if (tool) setTool(tool);
  else if (series) open(buttons.indexOf(button));
  else button.closest("dialog").close();
});

$("preset").addEventListener("change", (event) => {
  if (event.target.value !== "") usePreset(Number(event.target.value));
  event.target.value = "";
  active().element.focus({ preventScroll: true });
});
$("tags-search").addEventListener("input", (event) => {
  $("tags-list").dispatchEvent(new CustomEvent("search", { detail: event.target.value }));
});
addEventListener("hashchange", () => {
  const { number, place } = readAddress();
  if (seriesList[number] !== active().series) open(number, place);
  else if (place !== null) active().go(place);
});

setTool(state.tool);
if (seriesList.length) {
  const { number, place } = readAddress();
  open(number, place);
  panes[0].element.focus({ preventScroll: true });
} else panes[0].say("This study has no images.");
