// New orders: what they become is shown while one types; many go one after the other, with a bar that says how far.
import { send } from "/static/api.js";
import { make, table, whenQuiet } from "/static/build.js";

const AT_ONCE = 4;
const byId = (id) => document.getElementById(id);
const form = byId("order");
const text = byId("hl7-text");
let registry = [];
let isStopped = false;

// The form

function fields() {
  const values = Object.fromEntries(new FormData(form));
  const order = { study_desc: values.study_desc, modality: values.modality, priority: values.priority };
  for (const name of ["procedure_code", "referring_physician", "station_ae_title"]) {
    if (values[name]) order[name] = values[name];
  }
  if (values.scheduled_at) order.scheduled_at = values.scheduled_at;
  return order;
}

function stamp(now = new Date()) {
  const two = (value) => String(value).padStart(2, "0");
  return `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

function accessions(amount) {
  const time = stamp().slice(4);
  const pattern = form.elements.accession.value;
  const isUnique = amount === 1 || pattern.includes("{n}");
  const whole = isUnique ? pattern : `${pattern}{n}`;
  const width = String(amount).length;
  return Array.from({ length: amount }, (_, index) =>
    whole.replaceAll("{time}", time).replaceAll("{n}", String(index + 1).padStart(width, "0")));
}

function chosen() {
  const wanted = byId("patient-search").value;
  return registry.find((it) => wanted.startsWith(it.patient_id)) ?? null;
}

async function patients(amount, isKept) {
  const who = form.elements.who.value;
  const only = ({ patient_id, patient_name, patient_birth_date, patient_sex }) => ({ patient_id, patient_name, patient_birth_date, patient_sex });
  if (who === "synthetic") {
    const answer = await send("POST", "/api/v1/patients/synthesise", { amount, keep: isKept });
    return answer.patients.map(only);
  }
  if (who === "registry") {
    const patient = chosen();
    if (!patient) throw new Error("Choose a patient of the registry.");
    return Array(amount).fill(only(patient));
  }
  const values = Object.fromEntries(new FormData(form));
  return Array(amount).fill(only(values));
}

function said(output, message, isWrong = false) {
  output.classList.toggle("is-wrong", isWrong);
  output.replaceChildren(...[message].flat());
}

function planTable(plan) {
  const rows = plan.series.map((it) => [it.number, it.modality, it.description, it.images, it.rows ? `${it.columns} × ${it.rows}` : "–"]);
  return make("div", {},
    make("p", {}, make("span", { class: `badge ${plan.is_fallback ? "is-warned" : "is-ok"}` }, plan.protocol), ` ${plan.instances} images`),
    make("ul", {}, plan.evidence.map((it) => make("li", {}, it))),
    table(["Series", "Modality", "Description", "Images", "Size"], rows));
}

async function previewForm() {
  const preview = byId("form-preview");
  const stand_in = { patient_id: "PREVIEW", patient_name: "PREVIEW", accession: accessions(1)[0] || "PREVIEW" };
  try {
    const order = await send("POST", "/api/v1/orders/preview", { ...stand_in, ...fields() });
    preview.replaceChildren(
      planTable(order.plan),
      make("p", { class: "faint" }, `Accession ${order.accession_number}; goes to ${order.destinations.join(", ") || "nobody"}.`));
  } catch (error) {
    preview.replaceChildren(make("p", { class: "said is-wrong" }, error.message));
  }
}

async function sendAll(orders, tick) {
  const wrong = [];
  let next = 0;
  const line = async () => {
    while (next < orders.length && !isStopped) {
      const order = orders[next++];
      try {
        tick(await send("POST", "/api/v1/orders", order));
      } catch (error) {
        wrong.push(`${order.accession}: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, orders.length) }, line));
  return wrong;
}

async function sendForm(event) {
  event.preventDefault();
  const output = byId("form-said");
  const amount = Number(form.elements.amount.value);
  const button = form.querySelector("button:not([type])");
  const progress = byId("progress");
  isStopped = false;
  button.disabled = true;
  try {
    const people = await patients(amount, true);
    const numbers = accessions(amount);
    const orders = people.map((patient, index) => ({ ...patient, ...fields(), accession: numbers[index] }));
    progress.max = amount;
    progress.value = 0;
    progress.hidden = byId("stop").hidden = amount === 1;
    let last = null;
    const wrong = await sendAll(orders, (answer) => {
      progress.value += 1;
      last = answer;
      said(output, `${progress.value} of ${amount} sent`);
    });
    const link = last ? [make("a", { href: amount === 1 ? `/orders/${last.order_id}` : "/orders" }, amount === 1 ? `Order ${last.order_id}` : "Look at the orders")] : [];
    said(output, [`${progress.value} of ${amount} sent. `, ...link, ...wrong.slice(0, 5).map((it) => `\n${it}`)], wrong.length > 0);
  } catch (error) {
    said(output, error.message, true);
  } finally {
    button.disabled = false;
    byId("stop").hidden = true;
  }
}

function showWho() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== form.elements.who.value;
}

async function searchRegistry() {
  const wanted = byId("patient-search").value;
  if (!wanted || chosen()) return;
  const answer = await send("GET", `/api/v1/patients?text=${encodeURIComponent(wanted)}&limit=20`);
  registry = answer.patients;
  byId("patients").replaceChildren(...registry.map((it) => make("option", { value: `${it.patient_id} ${it.patient_name}` })));
}

// HL7

function hl7Lines(lines) {
  return make("div", { class: "scroll hl7-frame" }, make("pre", { class: "hl7", tabindex: "0", "aria-label": "The message, every value with its name" },
    lines.map((line) => make("span", { class: "segment" }, line.map((part, index) => {
      if (index === 0) return make("b", {}, part.text);
      if (!part.field) return make("i", {}, part.text);
      const gives = part.gives.length ? ` → ${part.gives.join(", ")}` : "";
      return make("span", { title: part.name + gives, class: part.gives.length ? "is-used" : null }, part.text);
    })))));
}

function explained(message) {
  const { ack } = message;
  const faults = [...ack.errors, ...ack.warnings];
  return make("section", {},
    make("h3", {}, make("span", { class: `badge is-${ack.code || "silent"}` }, ack.code || "no answer"), ` ${message.message_type}`),
    faults.length ? make("ul", {}, faults.map((it) => make("li", {}, `${it.place}: ${it.text}. ${it.fix}`))) : null,
    message.note ? make("p", {}, `Does nothing: ${message.note}`) : null,
    hl7Lines(message.lines),
    message.orders.map((order) => make("div", {},
      make("p", {}, make("b", {}, order.asks), `: ${[order.accession_number, order.patient_name, order.patient_id, order.procedure, order.modality, order.scheduled_at].filter(Boolean).join(" · ")}`),
      order.plan ? planTable(order.plan) : null)),
    message.patients.map((patient) => make("p", {}, make("b", {}, patient.asks), `: ${patient.patient_id} ${patient.patient_name}`)));
}

async function previewHl7() {
  const preview = byId("hl7-preview");
  if (!text.value.trim()) {
    preview.replaceChildren();
    return;
  }
  try {
    const answer = await send("POST", "/api/v1/explain", text.value, "text/plain");
    preview.replaceChildren(...answer.messages.map(explained));
  } catch (error) {
    preview.replaceChildren(make("p", { class: "said is-wrong" }, error.message));
  }
}

async function sendHl7(event) {
  event.preventDefault();
  const output = byId("hl7-said");
  try {
    const { messages } = await send("POST", "/api/v1/messages", text.value, "text/plain");
    const parts = messages.flatMap((it) => [
      `${it.code}: `, make("a", { href: `/messages/${it.message_id}` }, `message ${it.message_id}`),
      ...it.did.filter((done) => done.order_id).flatMap((done) => [", ", make("a", { href: `/orders/${done.order_id}` }, `order ${done.order_id} ${done.action}`)]),
      ...it.faults.map((fault) => `\n${fault.place}: ${fault.text}. ${fault.fix}`), "\n"]);
    said(output, parts.length ? parts : "Nothing in it to answer.", messages.some((it) => it.code !== "AA"));
  } catch (error) {
    said(output, error.message, true);
  }
}

// Templates

function fieldsIn(content) {
  try {
    return JSON.parse(content) ?? {};
  } catch {
    byId("form-said").textContent = "This template holds no fields of a form.";
    return {};
  }
}

function use(button) {
  const { kind, content } = button.dataset;
  if (kind === "hl7") {
    text.value = content.replaceAll("{now}", stamp()).replace(/\r\n?/g, "\n");
    text.scrollIntoView({ block: "center" });
    text.focus();
    previewHl7();
    return;
  }
  for (const [name, value] of Object.entries(fieldsIn(content))) {
    const field = form.elements[name];
    if (field) field.value = value;
  }
  showWho();
  previewForm();
}

async function save(name, kind, content, output) {
  try {
    if (!name) throw new Error("Give the template a name.");
    await send("PUT", `/api/v1/templates/${encodeURIComponent(name)}`, { kind, content });
    location.reload();
  } catch (error) {
    said(output, error.message, true);
  }
}

const quietForm = whenQuiet(previewForm);
form.addEventListener("input", quietForm);
form.addEventListener("submit", sendForm);
form.addEventListener("change", showWho);
byId("patient-search").addEventListener("input", whenQuiet(searchRegistry));
byId("stop").addEventListener("click", () => { isStopped = true; });
text.addEventListener("input", whenQuiet(previewHl7));
byId("hl7").addEventListener("submit", sendHl7);
byId("now").addEventListener("click", () => {
  text.value = text.value.replaceAll("{now}", stamp());
  previewHl7();
});
byId("save-form").addEventListener("click", () => {
  const values = Object.fromEntries(new FormData(form));
  const { template_name: name, amount, ...kept } = values;
  save(name, "form", JSON.stringify(kept), byId("form-said"));
});
byId("save-hl7").addEventListener("click", () => save(byId("hl7-name").value, "hl7", text.value, byId("hl7-said")));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-template]");
  if (button) use(button);
});
showWho();
previewForm();
