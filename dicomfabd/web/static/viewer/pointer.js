// Mouse, pen and fingers on a pane. The right button always windows, the middle one pans; two fingers zoom and pan.

const STEP = 8; // pixels of a drag for one image

/** Listens on a pane; `tool()` names what the left button and one finger do. */
export function listen(pane, tool, tell) {
  const view = pane.part("view");
  const fingers = new Map();
  let drag = null;
  let pinch = null;
  let turned = 0;

  const at = (event) => {
    const box = view.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  view.addEventListener("contextmenu", (event) => event.preventDefault());

  view.addEventListener("pointerdown", (event) => {
    tell.chosen();
    pane.element.focus({ preventScroll: true });
    if (!pane.frame) return;
    event.preventDefault();
    view.setPointerCapture(event.pointerId);
    const point = at(event);
    fingers.set(event.pointerId, point);
    if (fingers.size === 2) {
      drag = null;
      pinch = spread(fingers);
      return;
    }
    const kind = event.button === 2 ? "window" : event.button === 1 ? "pan" : tool();
    drag = { kind, from: point, last: point, look: pane.shownLook(), place: pane.place };
    if (kind === "length") {
      const start = pane.toImage(...point);
      drag.length = { frame: pane.frame, from: start, to: start };
      pane.lengths.push(drag.length);
    }
  });

  view.addEventListener("pointermove", (event) => {
    const point = at(event);
    tell.probed(pane.probe(...point));
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, point);
    if (pinch && fingers.size === 2) {
      const now = spread(fingers);
      pane.pan(now.x - pinch.x, now.y - pinch.y);
      pane.zoomAt(now.size / pinch.size, now.x, now.y);
      pinch = now;
    } else if (drag) {
      follow(pane, drag, point);
      drag.last = point;
    }
  });

  const end = (event) => {
    fingers.delete(event.pointerId);
    if (fingers.size < 2) pinch = null;
    if (drag?.length) {
      const [a, b] = [drag.from, drag.last];
      if (Math.hypot(b[0] - a[0], b[1] - a[1]) < 3) pane.lengths.splice(pane.lengths.indexOf(drag.length), 1);
      pane.draw();
    }
    drag = null;
  };
  view.addEventListener("pointerup", end);
  view.addEventListener("pointercancel", end);
  view.addEventListener("pointerleave", () => tell.probed(null));

  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    tell.chosen();
    if (event.ctrlKey || event.metaKey) {
      pane.zoomAt(Math.exp(-event.deltaY / 300), ...at(event));
      return;
    }
    // A mouse turns by a notch, a touch pad by many small steps.
    turned += event.deltaMode === 1 ? event.deltaY * 40 : event.deltaY;
    const steps = Math.trunc(turned / 60) || (Math.abs(event.deltaY) >= 40 ? Math.sign(event.deltaY) : 0);
    if (steps) {
      turned = 0;
      pane.go(pane.place + Math.sign(steps));
    }
  }, { passive: false });

  view.addEventListener("dblclick", () => pane.fit());
}

function follow(pane, drag, [x, y]) {
  const [across, down] = [x - drag.from[0], y - drag.from[1]];
  if (drag.kind === "window") pane.dragLook(drag.look, across, down);
  else if (drag.kind === "pan") pane.pan(x - drag.last[0], y - drag.last[1]);
  else if (drag.kind === "zoom") pane.zoomAt(Math.exp((drag.last[1] - y) / 150), ...drag.from);
  else if (drag.kind === "scroll") pane.go(drag.place + Math.trunc(down / STEP));
  else if (drag.kind === "length") {
    drag.length.to = pane.toImage(x, y);
    pane.draw();
  }
}

function spread(fingers) {
  const [[x1, y1], [x2, y2]] = [...fingers.values()];
  return { size: Math.hypot(x2 - x1, y2 - y1) || 1, x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
}
