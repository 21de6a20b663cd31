// Runs through a stack, again and again; a frame that is not here yet is waited for.

export class Cine {
  constructor(pane, onChange) {
    this.pane = pane;
    this.onChange = onChange;
    this.framesPerSecond = 10;
    this.isRunning = false;
  }

  toggle() {
    if (this.isRunning) this.stop();
    else this.start();
  }

  start() {
    if (!this.pane.stack || this.pane.stack.frames.length < 2) return;
    this.isRunning = true;
    this.last = performance.now();
    this.onChange();
    requestAnimationFrame((now) => this.tick(now));
  }

  stop() {
    this.isRunning = false;
    this.onChange();
  }

  tick(now) {
    const { pane } = this;
    if (!this.isRunning) return;
    if (!pane.stack) {
      this.stop();
      return;
    }
    const every = 1000 / this.framesPerSecond;
    if (now - this.last >= every && !pane.isWaiting) {
      // Kept to the rhythm, but never made up for: after a pause it goes on from where it is.
      this.last = now - this.last > 2 * every ? now : this.last + every;
      pane.go((pane.place + 1) % pane.stack.frames.length);
    }
    requestAnimationFrame((next) => this.tick(next));
  }
}
