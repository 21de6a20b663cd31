// Keeps the page fresh: asks for it again every few seconds and swaps the main part, unless somebody is typing or reading a selection.
const EVERY_MS = 3000;

function isBusy() {
  const active = document.activeElement;
  return document.hidden || active?.tagName === "INPUT" || active?.tagName === "BUTTON" || !getSelection().isCollapsed;
}

async function refresh() {
  if (isBusy()) return;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("live");
    const main = document.getElementById("live");
    if (fresh && !isBusy() && fresh.innerHTML !== main.innerHTML) main.replaceChildren(...fresh.childNodes);
  } catch {
    // The daemon is restarting; the next round finds it again.
  }
}

setInterval(refresh, EVERY_MS);
