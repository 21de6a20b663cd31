// Builds elements; text is text, whatever it holds.

const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const VALUES = new Set(["option", "textarea", "title"]);

/** Gives a text as what may be appended: in an element of its own where it would reorder the words around it. */
export function isolated(text) {
  if (!TURNS.test(text)) return text;
  const element = document.createElement("bdi");
  element.textContent = text;
  return element;
}

/** Gives an element: make("td", { class: "wrap" }, "text", child, ...). */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  const shown = VALUES.has(name) ? String : (it) => isolated(String(it));
  element.append(...children.flat().filter((it) => it !== null && it !== undefined).map((it) => (it instanceof Node ? it : shown(it))));
  return element;
}

/** Gives a table in its frame; a cell is text or an element. */
export function table(headings, rows) {
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, headings.map((it) => make("th", {}, it)))),
    make("tbody", {}, rows.map((row) => make("tr", {}, row.map((cell) => make("td", {}, cell)))))));
}

/** Gives a function that runs once things have been quiet for a while. */
export function whenQuiet(run, milliseconds = 300) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
}
