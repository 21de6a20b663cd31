// The page of one instance: its elements, and its content where it is a report.
import { send } from "/static/api.js";
import { showTags } from "/static/tags.js";

const list = document.getElementById("tags-list");
showTags(list, list.dataset.tags);
document.getElementById("tags-search").addEventListener("input", (event) => {
  list.dispatchEvent(new CustomEvent("search", { detail: event.target.value }));
});

function itemOf({ name, value, type, items }) {
  const line = document.createElement("li");
  const title = document.createElement(items.length ? "b" : "span");
  title.textContent = name || type.toLowerCase();
  line.append(title);
  if (value) line.append(": ", value);
  if (items.length) {
    const below = document.createElement("ul");
    below.append(...items.map(itemOf));
    line.append(below);
  }
  return line;
}

const report = document.getElementById("report");
if (report) {
  try {
    const content = await send("GET", report.dataset.report);
    const whole = document.createElement("ul");
    whole.className = "report";
    whole.append(itemOf(content));
    report.replaceChildren(whole);
  } catch (error) {
    report.textContent = error.message;
  }
}
