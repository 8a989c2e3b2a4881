// A message that was asked for by its address (`?at=`): shown, marked for a moment, and
// given the focus, so that the keyboard goes on from there.

const MARK_MS = 2400;
// What is still being laid out above it moves the message no more after this.
const HOLD_MS = 1500;

/**
 * The message's own element: an article, which says what it is.
 *
 * @param {HTMLElement} content
 * @param {string} id
 * @returns {HTMLElement | null}
 */
function messageOf(content, id) {
  const name = CSS.escape(id);
  const answer = content.querySelector(`[data-answer="${name}"]`);
  return answer ?? content.querySelector(`.lu-message[data-id="${name}"] > *`);
}

export class Aim {
  /**
   * @param {HTMLElement} content
   * @param {import("./pin.js").Pin} pin
   */
  constructor(content, pin) {
    this.content = content;
    this.pin = pin;
    this.id = "";
    this.reached = "";
    /** @type {Lu.Timer[]} */
    this.timers = [];
  }

  /**
   * The page has been asked for this message.
   *
   * @param {string} id
   */
  take(id) {
    this.id = id;
    this.look();
  }

  /** Goes there once the message is in the page. */
  look() {
    const visit = `${history.state?.key ?? ""} ${this.id}`;
    // A page that loads again by itself, after a lost connection, leaves its reader alone.
    if (!this.id || visit === this.reached) return;
    const message = messageOf(this.content, this.id);
    if (!message) return;
    this.reached = visit;
    this.stop();
    this.pin.hold(message);
    message.tabIndex = -1;
    message.focus({ preventScroll: true });
    message.dataset.found = "now";
    this.timers = [
      setTimeout(() => this.pin.letGo(), HOLD_MS),
      setTimeout(() => (message.dataset.found = "past"), MARK_MS),
    ];
  }

  /** Whether the reader is where the address says. */
  get isThere() {
    return this.reached === `${history.state?.key ?? ""} ${this.id}`;
  }

  /** The reader has gone on: loading the page again must not lead back. */
  leave() {
    const here = new URL(window.location.href);
    if (!here.searchParams.has("at")) return;
    here.searchParams.delete("at");
    history.replaceState(history.state, "", here);
  }

  stop() {
    this.timers.forEach(clearTimeout);
    this.timers = [];
  }
}
