// Where a conversation's scroll position belongs: at the end while the reader is
// there, and otherwise at what the reader is looking at.
//
// A box laid out from its end (column-reverse) would stay there without being written to,
// but then each piece moves all rows within what is painted: that is dearer than the scroll
// event which follows the writing.

const NEAR_PX = 40;

export class Pin {
  /** `content` is the scrolled child; its rows are LogRows, children with a data-id, or all. */
  constructor(box, content, onAway) {
    this.box = box;
    this.content = content;
    this.onAway = onAway;
    this.stuck = true;
    this.top = 0;
    this.away = false;
    this.first = null;
    this.firstTop = 0;
  }

  firstRow() {
    return this.content.querySelector(":scope > [data-row], :scope > [data-id]") ?? this.content.firstElementChild;
  }

  /** The reader, or this code, has scrolled. */
  scrolled() {
    // Each piece of a streaming answer is followed by the event of our own scrolling.
    if (this.stuck && this.box.scrollTop === this.top) return;
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const near = scrollHeight - scrollTop - clientHeight <= NEAR_PX;
    // Only moving up lets go: text that came since the last frame also makes a gap.
    if (near) this.stuck = true;
    else if (scrollTop < this.top - 1) this.stuck = false;
    this.top = scrollTop;
    this.remember();
    this.tell();
  }

  /** Something changed its size; runs after layout and before painting. */
  resized() {
    const before = this.first;
    if (before && !before.isConnected) this.stuck = true; // another conversation
    if (this.stuck) this.toEnd();
    else if (before && this.firstRow() !== before) this.keep(before);
    this.remember();
    this.tell();
  }

  /** Rows were put in front: what was on top stays where it was. */
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

  tell() {
    if (this.away === !this.stuck) return;
    this.away = !this.stuck;
    this.onAway(this.away);
  }

  toEnd() {
    this.stuck = true;
    this.box.scrollTop = this.box.scrollHeight;
  }
}
