// Keeps the page fresh: regions marked data-live="topic …" are fetched again when the daemon says that a topic changed.
const AT_MOST_EVERY_MS = 1000;
const QUIET_MS = 30_000;

const regions = () => [...document.querySelectorAll("[data-live]")];
const said = document.getElementById("live");
let source = null;
let waiting = null;
let last = 0;

function isBusy(region) {
  const active = document.activeElement;
  const isTyping = region.contains(active) && active.matches("input:not([type=checkbox]), select, textarea");
  const selection = getSelection();
  return isTyping || (!selection.isCollapsed && region.contains(selection.anchorNode));
}

function kept(region) {
  const ticked = [...region.querySelectorAll("input:checked")].map((it) => `${it.name}=${it.value}`);
  const open = [...region.querySelectorAll("details[open][id]")].map((it) => it.id);
  return { ticked: new Set(ticked), open: new Set(open) };
}

function swap(region, fresh) {
  if (region.innerHTML === fresh.innerHTML || isBusy(region)) return;
  const { ticked, open } = kept(region);
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  region.replaceChildren(...fresh.childNodes);
  for (const box of region.querySelectorAll("input[type=checkbox]")) {
    if (ticked.has(`${box.name}=${box.value}`)) box.checked = true;
  }
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
  region.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
}

async function refresh() {
  waiting = null;
  last = Date.now();
  if (document.hidden) return;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html", "X-Background": "1" } });
    if (new URL(response.url).pathname === "/sign-in") {
      // Who is signed out leaves nothing on the screen.
      location.assign(response.url);
      return;
    }
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const region of regions()) {
      const found = fresh.getElementById(region.id);
      if (found) swap(region, found);
    }
  } catch {
    // The daemon is restarting; the event stream comes back by itself and the next change is shown.
  }
}

function soon() {
  waiting ??= setTimeout(refresh, Math.max(0, last + AT_MOST_EVERY_MS - Date.now()));
}

function concerns(topics) {
  return regions().some((region) => region.dataset.live.split(" ").some((topic) => topics.includes(topic)));
}

// A browser keeps six connections to a daemon: tabs nobody looks at hold none of them.
function listen() {
  if (document.hidden) {
    source?.close();
    source = null;
    said.textContent = "";
    return;
  }
  if (source) return;
  source = new EventSource("/api/v1/events");
  source.addEventListener("changed", (event) => {
    if (concerns(JSON.parse(event.data).topics)) soon();
  });
  source.addEventListener("open", () => { said.textContent = "live"; });
  source.addEventListener("error", () => { said.textContent = "not live: reconnecting"; });
}

if (regions().length) {
  listen();
  document.addEventListener("visibilitychange", () => {
    listen();
    if (!document.hidden) soon();
  });
  // Ages and rates move without anything happening.
  setInterval(soon, QUIET_MS);
}
