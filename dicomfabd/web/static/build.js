// Builds elements; text is text, whatever it holds.

/** Gives an element: make("td", { class: "wrap" }, "text", child, ...). */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((it) => it !== null && it !== undefined).map((it) => (it instanceof Node ? it : String(it))));
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
