// Asks several PACS at once. What a row stands for is asked of, and moved from, the PACS that the row came from.
import { send } from "/static/api.js";
import { isolated, make, table } from "/static/build.js";

const WATCH_MS = 700;
const COLUMNS = [
  ["pacs", "PACS"], ["patient_name", "Patient"], ["patient_id", "ID"], ["when", "Date"],
  ["study_description", "Description"], ["accession_number", "Accession"], ["modalities", "Modalities"],
  ["number_of_study_related_series", "Series"], ["number_of_study_related_instances", "Images"],
];
const byId = (id) => document.getElementById(id);
const form = byId("query");
let rows = [];
let order = { column: "when", down: true };
let asking = null;

function parameters() {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) found.append(name, value);
  return found;
}

function log(...children) {
  byId("log").prepend(make("li", {}, children));
}

function clock() {
  return new Date().toISOString().slice(11, 19);
}

function told(pacs, command) {
  const state = { answered: "is-ok", refused: "is-warned" }[pacs.state] ?? "is-bad";
  return make("div", {},
    make("p", {}, `${clock()} ${pacs.name} `, make("span", { class: `badge ${state}` }, pacs.state), ` ${pacs.rows} ${pacs.rows === 1 ? "row" : "rows"}${pacs.more ? ", there are more" : ""}, ${pacs.ms} ms${pacs.via ? `, ${pacs.via}` : ""}${pacs.reason ? `: ${pacs.reason}` : ""}`),
    command ? make("pre", { tabindex: "0", "aria-label": "DCMTK command" }, command) : null);
}

async function ask(level, extra) {
  const wanted = new URLSearchParams(extra);
  wanted.set("level", level);
  const answer = await send("GET", `/api/v1/pacs/query?${wanted}`);
  for (const pacs of answer.pacs) log(told(pacs, answer.commands[pacs.name]));
  return answer;
}

/** Gives a row with date, time and modalities as people read them. */
function shown(row) {
  const [day, time] = [row.study_date ?? "", row.study_time ?? ""];
  const date = /^\d{8}$/.test(day) ? `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}` : day;
  const clock = /^\d{4}/.test(time) ? `${time.slice(0, 2)}:${time.slice(2, 4)}` : time;
  return { ...row, when: `${date} ${clock}`.trim(), modalities: String(row.modalities_in_study ?? "").replaceAll("\\", " ") };
}

function sorted() {
  const { column, down } = order;
  const factor = down ? -1 : 1;
  return [...rows].sort((a, b) => factor * String(a[column] ?? "").localeCompare(String(b[column] ?? ""), "en", { numeric: true }));
}

function targets(row) {
  const options = [...byId("move-targets").content.children].filter((it) => it.value !== row.pacs);
  return make("select", { "aria-label": `Move to, from ${row.pacs}` }, make("option", { value: "" }, "move to …"), options.map((it) => it.cloneNode(true)));
}

function acts(row) {
  const here = `/api/v1/pacs/${encodeURIComponent(row.pacs)}/studies/${encodeURIComponent(row.study_instance_uid)}`;
  const series = make("button", { type: "button", class: "quiet" }, "Series");
  series.addEventListener("click", () => drill(row));
  const copy = make("button", { type: "button", class: "quiet", title: `Copy ${row.study_instance_uid}` }, "UID");
  copy.addEventListener("click", () => navigator.clipboard?.writeText(row.study_instance_uid));
  const move = targets(row);
  move.addEventListener("change", () => {
    if (move.value) startMove(row.pacs, move.value, { study_uid: row.study_instance_uid, patient_id: row.patient_id });
    move.value = "";
  });
  return make("div", { class: "row-acts" }, series, move, make("a", { href: here, download: "" }, "ZIP"), copy);
}

function draw() {
  const headings = COLUMNS.map(([name, title]) => {
    const button = make("button", { type: "button", class: "plain" }, title + (order.column === name ? (order.down ? " ▾" : " ▴") : ""));
    button.addEventListener("click", () => {
      order = { column: name, down: order.column === name ? !order.down : false };
      draw();
    });
    return button;
  });
  const body = sorted().map((row) => [...COLUMNS.map(([name]) => row[name] ?? ""), acts(row)]);
  byId("answers").replaceChildren(rows.length ? table([...headings, ""], body) : make("p", { class: "empty" }, "No study fits."));
}

async function drill(row) {
  const body = byId("drill-body");
  byId("drill-title").replaceChildren("Series of ", isolated(row.accession_number || row.study_instance_uid), ` on ${row.pacs}`);
  body.replaceChildren("asking …");
  byId("drill").showModal();
  try {
    const found = await ask("series", { pacs: row.pacs, study_uid: row.study_instance_uid, patient_id: row.patient_id });
    const facts = [["Born", row.patient_birth_date], ["Sex", row.patient_sex], ["Referring physician", row.referring_physician_name], ["Study ID", row.study_id]];
    body.replaceChildren(
      make("dl", { class: "facts" }, facts.map(([title, value]) => make("div", {}, make("dt", {}, title), make("dd", {}, value || "–")))),
      table(["No.", "Modality", "Description", "Body part", "Images", ""], found.rows.map((it) => {
        const move = targets(row);
        move.addEventListener("change", () => {
          if (move.value) startMove(row.pacs, move.value, { study_uid: row.study_instance_uid, series_uids: [it.series_instance_uid], patient_id: row.patient_id });
          move.value = "";
        });
        return [it.series_number, it.modality, it.series_description, it.body_part_examined, it.number_of_series_related_instances, move];
      })));
  } catch (error) {
    body.replaceChildren(make("p", { class: "said is-wrong" }, error.message));
  }
}

async function startMove(source, destination, selection) {
  const progress = make("progress", { "aria-label": `Move from ${source} to ${destination}` });
  const text = make("span", {}, "begins");
  const stop = make("button", { type: "button", class: "quiet" }, "Stop");
  const command = make("pre", { tabindex: "0", "aria-label": "DCMTK command" });
  log(make("p", {}, `${clock()} move ${source} → ${destination}: `, text, " ", progress, " ", stop), command);
  try {
    let job = await send("POST", "/api/v1/pacs/move", { source, destination, ...selection });
    command.textContent = job.command;
    stop.addEventListener("click", () => send("DELETE", `/api/v1/pacs/moves/${job.id}`).catch(() => {}));
    while (!job.ended_at) {
      await new Promise((resolve) => { setTimeout(resolve, WATCH_MS); });
      job = await send("GET", `/api/v1/pacs/moves/${job.id}`);
      const { completed, failed, warning, remaining } = job.progress;
      const all = completed + failed + warning + (remaining ?? 0);
      if (all) { progress.max = all; progress.value = all - (remaining ?? 0); }
      text.textContent = `${completed} moved, ${failed} failed${remaining ? `, ${remaining} to go` : ""}`;
    }
    text.textContent = `${job.state}: ${job.progress.completed} moved, ${job.progress.failed} failed ${job.reason}`;
  } catch (error) {
    text.textContent = error.message;
    text.className = "said is-wrong";
  }
  progress.remove();
  stop.remove();
}

async function run() {
  const wanted = parameters();
  history.replaceState(null, "", `/query?${wanted}`);
  const names = wanted.getAll("pacs");
  wanted.delete("pacs");
  if (!names.length) {
    byId("said").textContent = "Choose whom to ask.";
    return;
  }
  const csv = parameters();
  csv.set("bom", "true");
  byId("csv").href = `/api/v1/pacs/query.csv?${csv}`;
  byId("csv").hidden = false;
  rows = [];
  const mine = (asking = Symbol("question"));
  byId("stop").hidden = false;
  byId("said").textContent = `Asking ${names.join(", ")} …`;
  // One question each, so that what a quick PACS says need not wait for a slow one.
  await Promise.all(names.map(async (name) => {
    const own = new URLSearchParams(wanted);
    own.append("pacs", name);
    try {
      const answer = await ask("study", own);
      if (asking !== mine) return;
      rows.push(...answer.rows.map(shown));
      draw();
    } catch (error) {
      log(make("p", { class: "said is-wrong" }, `${clock()} ${name}: ${error.message}`));
    }
  }));
  if (asking !== mine) return;
  byId("stop").hidden = true;
  byId("said").textContent = `${rows.length} ${rows.length === 1 ? "study" : "studies"} of ${names.length} PACS.`;
  draw();
}

function showEnvironment() {
  const wanted = byId("environment").value;
  for (const label of form.querySelectorAll("[data-environment]")) {
    label.hidden = Boolean(wanted) && label.dataset.environment !== wanted;
    if (label.hidden) label.querySelector("input").checked = false;
  }
  localStorage.setItem("query.environment", wanted);
}

function fill() {
  const given = new URLSearchParams(location.search);
  for (const [name, value] of given) {
    const field = form.elements[name];
    if (field && name !== "pacs" && field.type !== "checkbox") field.value = value;
    else if (field && name === "web") field.checked = true;
  }
  return [...given.keys()].some((name) => name !== "pacs");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
byId("stop").addEventListener("click", () => {
  asking = null;
  byId("stop").hidden = true;
  byId("said").textContent = "Stopped waiting.";
});
byId("environment").addEventListener("change", showEnvironment);
byId("environment").value = localStorage.getItem("query.environment") ?? "";
showEnvironment();
if (fill()) run();
