// When to paint: at most once per frame, less often when painting is dear, and by
// the clock in a tab that is not shown (it gets no frames at all).

const HIDDEN_MS = 250;
// Painting may take this part of the time at most.
const SHARE = 0.2;

export class Painter {
  /** @param {() => void} paint */
  constructor(paint) {
    this.paint = paint;
    this.free = 0;
    /** @type {(() => void) | null} */
    this.cancel = null;
  }

  request() {
    if (this.cancel) return;
    if (document.hidden) this.after(HIDDEN_MS);
    else if (performance.now() < this.free) this.after(this.free - performance.now());
    else this.nextFrame();
  }

  /** @param {number} ms */
  after(ms) {
    const timer = setTimeout(() => (document.hidden ? this.run() : this.nextFrame()), ms);
    this.cancel = () => clearTimeout(timer);
  }

  nextFrame() {
    const frame = requestAnimationFrame(() => this.run());
    // A tab that is hidden before the frame comes would wait until it is shown again.
    const timer = setTimeout(() => this.run(), 1000);
    this.cancel = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }

  run() {
    this.stop();
    const start = performance.now();
    this.paint();
    const end = performance.now();
    this.free = end + (end - start) * (1 / SHARE - 1);
  }

  stop() {
    this.cancel?.();
    this.cancel = null;
  }
}
