// Forms and buttons that act: data-action is a path of the API. What is wrong is said beside them.
// data-method (POST), data-confirm (a question), data-then (reload, stay, or a path), data-as (a media type: the
// field "text" is the body), data-body (of a button, JSON).
import { send } from "/static/api.js";

const TRUTHS = { true: true, false: false };

function nest(values, name, value) {
  const [outer, inner] = name.split(".", 2);
  values[outer] ??= {};
  if (value !== "") values[outer][inner] = value;
}

/** Gives the fields of a form as the API takes them: `a[]` is a list, `a.b` a value of `a`, left out where empty. */
export function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    const isList = field.name.endsWith("[]");
    const name = isList ? field.name.slice(0, -2) : field.name;
    if (isList) values[name] ??= [];
    if (field.type === "checkbox" && !isList) values[name] = field.checked;
    else if ((field.type === "checkbox" || field.type === "radio") && !field.checked) continue;
    else if (field.type === "select-multiple") values[name] = [...field.selectedOptions].map((it) => it.value);
    else if (isList) values[name].push(field.value);
    else if (name.includes(".")) nest(values, name, field.value);
    else if (field.dataset.type === "number") values[name] = field.value === "" ? undefined : Number(field.value);
    else if (field.dataset.type === "boolean") values[name] = TRUTHS[field.value];
    else values[name] = field.value;
  }
  return values;
}

function outputFor(element) {
  const form = element.closest("form");
  let output = form?.querySelector("output.said") ?? element.parentElement.querySelector("output.said");
  if (!output) {
    output = document.createElement("output");
    output.className = "said";
    (form ?? element.parentElement).append(output);
  }
  return output;
}

async function act(element, body) {
  const { action, as, method = "POST", confirm: question, then: next = "reload" } = element.dataset;
  if (question && !window.confirm(question)) return;
  const output = outputFor(element);
  const button = element.matches("button") ? element : element.querySelector("button:not([type=button])");
  if (button) button.disabled = true;
  output.classList.remove("is-wrong");
  output.textContent = "";
  try {
    const answer = await send(method, action, as ? body.text : body, as);
    const event = new CustomEvent("acted", { bubbles: true, cancelable: true, detail: answer });
    if (!element.dispatchEvent(event)) return;
    if (answer?.text) output.textContent = answer.text;
    if (next === "reload") location.reload();
    else if (next !== "stay") location.assign(next);
  } catch (error) {
    output.classList.add("is-wrong");
    output.textContent = error.message;
  } finally {
    if (button) button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.action) return;
  event.preventDefault();
  act(event.target, valuesOf(event.target));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  event.preventDefault();
  act(button, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
});

// One box ticks all: <input type="checkbox" data-all="order_ids[]">.
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.all;
  if (!name) return;
  for (const box of document.getElementsByName(name)) {
    box.checked = event.target.checked;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
