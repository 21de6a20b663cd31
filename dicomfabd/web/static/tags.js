// All elements of an instance as a tree that can be searched; sequences fold.
import { send } from "/static/api.js";

const AT_ONCE = 400;

/** Fills an element with the elements of an instance; it listens to the event "search" from then on. */
export async function showTags(target, address) {
  if (target.dataset.shown === address) return;
  target.dataset.shown = address;
  target.textContent = "Loading …";
  try {
    const { elements, count, is_cut: isCut } = await send("GET", address);
    if (target.dataset.shown !== address) return;
    const table = make("div", "tags-table");
    table.setAttribute("role", "list");
    const told = make("p", "faint", `${count} elements${isCut ? ", the rest is left out" : ""}`);
    target.replaceChildren(told, table);
    await fill(table, elements, 0);
    if (!target.dataset.listens) {
      target.addEventListener("search", (event) => search(target, event.detail));
      target.dataset.listens = "yes";
    }
  } catch (error) {
    target.dataset.shown = "";
    target.textContent = error.message;
  }
}

async function fill(table, elements, depth) {
  let made = 0;
  for (const element of elements) {
    table.append(rowOf(element, depth));
    made += 1;
    // Thousands of rows are made in pieces, so that the page stays alive.
    if (made % AT_ONCE === 0) await new Promise((resolve) => { setTimeout(resolve); });
  }
}

function rowOf(element, depth) {
  const isPrivate = Number.parseInt(element.tag.slice(3, 4), 16) % 2 === 1;
  const line = make(element.items ? "summary" : "div", "tag");
  line.append(
    make("code", "tag-number", `(${element.tag})`),
    make("span", "tag-name", element.name || element.keyword || (isPrivate ? "private" : "")),
    make("code", "tag-vr", element.vr),
    make("span", "tag-length", element.length ?? ""),
    valueOf(element),
  );
  line.title = element.keyword;
  line.dataset.text = [element.tag, element.tag.replace(",", ""), element.keyword, element.name, element.vr, element.value, element.meaning]
    .filter(Boolean).join(" ").toLowerCase();
  if (!element.items) {
    line.setAttribute("role", "listitem");
    return line;
  }
  const fold = make("details", "tag-sequence");
  fold.setAttribute("role", "listitem");
  fold.open = depth === 0 && element.items.length < 4;
  fold.append(line);
  element.items.forEach((item, number) => {
    const group = make("div", "tag-item");
    group.append(make("div", "tag-item-head faint", `Item ${number + 1}`));
    for (const inner of item) group.append(rowOf(inner, depth + 1));
    fold.append(group);
  });
  return fold;
}

function valueOf(element) {
  if (element.items) return make("span", "tag-value faint", `${element.items.length} item${element.items.length === 1 ? "" : "s"}`);
  const text = element.problem ?? (element.value === null ? "too long to show" : element.value + (element.is_cut ? " …" : ""));
  const value = make("span", element.value === null ? "tag-value faint" : "tag-value", text);
  if (element.meaning) value.append(" ", make("small", "", element.meaning));
  return value;
}

/** Shows only what has every word, and the sequences it stands in. */
function search(target, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const keeps = (line) => words.every((word) => line.dataset.text.includes(word));
  const visit = (node, isShown) => {
    let hasAny = false;
    for (const child of node.children) {
      if (child.matches("details")) {
        const isHit = isShown || keeps(child.firstElementChild);
        const hasInner = visit(child, isHit);
        child.hidden = !isHit && !hasInner;
        if (words.length && hasInner) child.open = true;
        hasAny ||= !child.hidden;
      } else if (child.matches(".tag-item")) {
        const hasInner = visit(child, isShown);
        child.hidden = !hasInner;
        hasAny ||= hasInner;
      } else if (child.matches("div.tag")) {
        child.hidden = !isShown && !keeps(child);
        hasAny ||= !child.hidden;
      }
    }
    return hasAny;
  };
  visit(target.querySelector(".tags-table") ?? target, words.length === 0);
}

function make(name, className, text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
