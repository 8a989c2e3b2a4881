// Where a conversation's scroll position belongs: at the end while the reader is
// there, and otherwise at what the reader is looking at.
//
// A box laid out from its end (column-reverse) would stay there without being written to,
// but then each piece moves all rows within what is painted: that is dearer than the scroll
// event which follows the writing.

const NEAR_PX = 40;
// The last words are seen as long as no more than the buttons below them is not.
const LATEST_PX = 72;
// What is left above a message that was asked for: enough to see what it follows.
const ABOVE_SHARE = 0.16;

export class Pin {
  /**
   * `content` is the scrolled child; its rows are LogRows, children with a data-id, or all.
   *
   * @param {HTMLElement} box
   * @param {HTMLElement} content
   * @param {(away: boolean) => void} onAway
   */
  constructor(box, content, onAway) {
    this.box = box;
    this.content = content;
    this.onAway = onAway;
    this.stuck = true;
    // Whether the conversation goes on below: its end is then no place to stay at.
    this.goesOn = false;
    /** @type {Element | null} */
    this.held = null;
    this.top = 0;
    this.away = false;
    /** @type {Element | null} */
    this.first = null;
    this.firstTop = 0;
  }

  firstRow() {
    return (
      this.content.querySelector(":scope > [data-row], :scope > [data-id]") ??
      this.content.firstElementChild
    );
  }

  lastRow() {
    let last = this.content.lastElementChild;
    while (last && !last.matches("[data-row], [data-id]")) last = last.previousElementSibling;
    return last ?? this.content.lastElementChild;
  }

  /** The reader, or this code, has scrolled. */
  scrolled() {
    // Each piece of a streaming answer is followed by the event of our own scrolling.
    if (this.stuck && this.box.scrollTop === this.top) return;
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const near = scrollHeight - scrollTop - clientHeight <= NEAR_PX;
    // Only moving up lets go: text that came since the last frame also makes a gap.
    if (near && !this.goesOn) this.stuck = true;
    else if (scrollTop < this.top - 1) this.stuck = false;
    this.top = scrollTop;
    // A frame tells of scrolling before it tells of sizes: rows that were put in front since are
    // not what the reader was looking at.
    if (!this.first?.isConnected || this.firstRow() === this.first) this.remember();
    this.tell();
  }

  /** Something changed its size; runs after layout and before painting. */
  resized() {
    const before = this.first;
    if (before && !before.isConnected) this.stuck = !this.held; // another conversation
    if (this.held) this.place();
    else if (this.stuck) this.toEnd();
    else if (before && this.firstRow() !== before) this.keep(before);
    this.remember();
    this.tell();
  }

  /**
   * Rows were put in front: what was on top stays where it was.
   *
   * @param {Element} row
   */
  keep(row) {
    // Zero where the browser has anchored by itself, which none does at the very top.
    const moved = row.getBoundingClientRect().top - this.firstTop;
    if (Math.abs(moved) > 1) this.box.scrollTop += moved;
  }

  remember() {
    this.first = this.firstRow();
    if (this.first && !this.stuck) this.firstTop = this.first.getBoundingClientRect().top;
    this.top = this.box.scrollTop;
  }

  /** How much there is below what is seen. */
  below() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    return scrollHeight - scrollTop - clientHeight;
  }

  tell() {
    const away = this.goesOn || (!this.stuck && this.below() > LATEST_PX);
    if (this.away === away) return;
    this.away = away;
    this.onAway(away);
  }

  toEnd() {
    this.held = null;
    this.stuck = true;
    this.box.scrollTop = this.box.scrollHeight;
  }

  /**
   * Shows this element and keeps it there, whatever is laid out above it, until `letGo`.
   *
   * @param {Element} element
   */
  hold(element) {
    this.held = element;
    this.stuck = false;
    this.place();
    this.remember();
    this.tell();
  }

  place() {
    if (!this.held) return;
    const box = this.box.getBoundingClientRect();
    const { top } = this.held.getBoundingClientRect();
    const moved = top - box.top - ABOVE_SHARE * box.height;
    if (Math.abs(moved) > 1) this.box.scrollTop += moved;
  }

  letGo() {
    this.held = null;
    this.scrolled();
  }
}
