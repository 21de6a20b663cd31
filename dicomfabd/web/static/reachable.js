// Whatever scrolls sideways or down can be reached by the keyboard, also where nothing in it can be.
const SCROLLERS = ".scroll, pre, .log";
const REACHABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

function reach() {
  for (const part of document.querySelectorAll(SCROLLERS)) {
    const scrolls = part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight;
    if (scrolls && !part.querySelector(REACHABLE)) part.tabIndex = 0;
  }
}

reach();
addEventListener("resize", reach);
new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
document.addEventListener("toggle", reach, true);
