// The answer as it grows: finished blocks become DOM once and are never touched
// again; only the block at the end is parsed anew, and only with what it needs.
//
// `scope` is where the next block goes. It is the container itself, or, inside a
// list or a table that is still growing, the element that takes its items: a
// list of a hundred items is a hundred blocks, not one that is parsed a hundred times.
import { finishedCount, nodesOf, plainNode, rawLength, resolveLateLinks, visible } from "./blocks.js";
import { FenceLines, GrowingCode, closingFence, openingFence } from "./fence.js";
import { codeHtml } from "./html.js";
import { mend } from "./mend.js";
import { lex } from "./parse.js";
import { patchChildren } from "./patch.js";
import { toFragment } from "./safe.js";

// So many blocks at the end are always laid out; those before them may be skipped.
const NEAR = 24;
// An unfinished block this long is shown as plain text until it is whole, and is not read again
// for each of its lines: it is a log file, or a model that has lost its way.
const LONGEST_TAIL = 20_000;

export class Renderer {
  /** `dress(fragment | element, final)` gives new nodes their labels and the like. */
  constructor(container, dress) {
    this.container = container;
    this.dress = dress;
    this.reset("");
  }

  reset(text) {
    this.text = text.replace(/\r\n?/g, "\n");
    this.links = {};
    this.blocks = 0;
    this.scope = null;
    this.fence = null;
    this.pos = 0;
    this.split = 0;
    this.finished = false;
    this.plain = null;
    this.enough = 0;
  }

  append(text) {
    if (this.text.endsWith("\r")) text = this.text.slice(-1) + text;
    else if (!text.includes("\r")) return void (this.text += text);
    this.text = this.text.replace(/\r$/, "") + text.replace(/\r\n|\r(?!$)/g, "\n");
  }

  replace(text) {
    this.reset(text);
  }

  /** Shows what is new. `final`: nothing more will come. */
  paint(final = false) {
    if (this.finished) return;
    if (this.plain) {
      this.paintPlain(final);
      return;
    }
    try {
      while (this.fence ? this.growFence(final) : this.commit(final));
      if (!this.fence) this.paintTail(final);
      if (final) this.finish();
    } catch (error) {
      console.error("A message is shown as plain text", error);
      this.paintPlain(final);
    }
  }

  finish() {
    this.finished = true;
    resolveLateLinks(this.text, this.links, this.container, this.dress);
    this.dress(this.container, true);
  }

  /** Whatever one message holds: its words are shown, and the rest of the page goes on. */
  paintPlain(final) {
    this.plain ??= plainNode("");
    this.plain.textContent = this.text;
    if (this.plain.parentNode !== this.container) this.container.replaceChildren(this.plain);
    this.finished = final;
  }

  // --- finished blocks -----------------------------------------------------

  /** Moves complete blocks out of the tail; true when there may be more to do. */
  commit(final) {
    // The parser is exact about texts that end with a line, or with no blanks.
    const end = final ? this.text.trimEnd().length : this.text.lastIndexOf("\n") + 1;
    if (end <= (final ? this.pos : this.split)) return false;
    const src = this.text.slice(this.pos, end);
    const isLate = src.length > LONGEST_TAIL && src.length < this.enough;
    if (!final && isLate && !this.text.slice(this.split, end).includes("\n\n")) return false;
    this.split = end;
    this.enough = 1.5 * src.length;
    const prefix = this.scope?.prefix ?? "";
    const tokens = lex(prefix + src, this.links);
    // What the parser does not give back letter for letter waits for the end as one tail.
    const exact = (prefix + src).startsWith(tokens.map((token) => token.raw).join(""));
    if (!exact && !final) return false;
    if (this.scope) return this.commitInScope(tokens, src, final);
    return this.commitBlocks(tokens, src, final);
  }

  commitBlocks(tokens, src, final) {
    const done = final ? tokens : tokens.slice(0, finishedCount(tokens));
    this.place(done);
    const tail = src.slice(rawLength(done));
    this.pos += src.length - tail.length;
    if (final || !tail) return false;
    const last = tokens[done.length];
    if (last.type === "code") return this.openFence(last, tail);
    if (last.type === "list" && last.items.length > 1) return this.openList(last);
    if (last.type === "table" && last.rows.length > 2) return this.openTable(last);
    return false;
  }

  /** Renders finished tokens for good, in place of the tail that showed them so far. */
  place(tokens) {
    if (!tokens.some(visible)) return;
    const nodes = nodesOf(tokens, this.dress);
    patchChildren(this.container, this.blocks, nodes);
    this.settle(this.container, this.blocks, nodes.length);
    this.blocksDone(nodes.length);
  }

  blocksDone(count) {
    this.blocks += count;
    for (let i = this.blocks - count - NEAR; i < this.blocks - NEAR; i++) {
      if (i >= 0) this.container.childNodes[i].classList.add("lu-md-far");
    }
  }

  /** Dresses live nodes that will not change any more. */
  settle(parent, from, count) {
    let node = parent.childNodes[from];
    for (let left = count; left > 0; left--, node = node.nextSibling) this.dress(node, true);
  }

  // --- lists and tables that grow ------------------------------------------

  openList(token) {
    const [list] = nodesOf([token], this.dress);
    patchChildren(this.container, this.blocks, [list]);
    const parent = this.container.childNodes[this.blocks];
    this.scope = { kind: "list", parent, done: 0, ordered: token.ordered, prefix: "" };
    this.commitItems(token, token.items.length - 1);
    return false;
  }

  commitItems(token, count) {
    const { scope } = this;
    const items = token.items.slice(0, count);
    if (token.loose) scope.parent.classList.add("lu-md-loose");
    if (!items.length) return;
    const [list] = nodesOf([{ ...token, items }], this.dress);
    this.take(list.childNodes);
    this.pos += items.reduce((sum, item) => sum + item.raw.length, 0);
  }

  openTable(token) {
    const lines = token.raw.split("\n", 2).join("\n") + "\n";
    const [table] = nodesOf([token], this.dress);
    patchChildren(this.container, this.blocks, [table]);
    const parent = this.container.childNodes[this.blocks].querySelector("tbody");
    this.scope = { kind: "table", parent, done: 0, prefix: lines };
    this.pos += lines.length;
    this.commitRows(token, token.rows.length, token.raw.slice(lines.length));
    return false;
  }

  commitRows(token, count, src) {
    if (!count) return;
    const [table] = nodesOf([{ ...token, rows: token.rows.slice(0, count) }], this.dress);
    this.take(table.querySelector("tbody").childNodes);
    let end = 0;
    for (let row = 0; row < count; row++) end = src.indexOf("\n", end) + 1 || src.length;
    this.pos += end;
  }

  take(nodes) {
    const { scope } = this;
    const added = nodes.length;
    patchChildren(scope.parent, scope.done, [...nodes]);
    this.settle(scope.parent, scope.done, added);
    scope.done += added;
  }

  commitInScope(tokens, src, final) {
    const { scope } = this;
    const [first] = tokens;
    if (!this.continues(first)) {
      this.closeScope();
      this.split = this.pos;
      return true;
    }
    const ended = final || tokens.slice(1).some(visible);
    if (scope.kind === "list") {
      this.commitItems(first, first.items.length - (ended ? 0 : 1));
    } else {
      this.commitRows(first, first.rows.length, src);
    }
    if (!ended) return false;
    this.closeScope();
    this.split = this.pos;
    return true;
  }

  continues(token) {
    const { scope } = this;
    if (!token || token.type !== scope.kind) return false;
    return scope.kind === "table" || token.ordered === scope.ordered;
  }

  closeScope() {
    patchChildren(this.scope.parent, this.scope.done, []);
    this.scope = null;
    this.blocksDone(1);
  }

  // --- an open code fence --------------------------------------------------

  openFence(token, tail) {
    const opening = openingFence(tail);
    if (!opening) return false;
    if (closingFence(tail, opening)) {
      this.place([token]);
      this.pos += token.raw.length;
      return false;
    }
    const fragment = toFragment(codeHtml("", opening.info));
    this.dress(fragment, false);
    patchChildren(this.container, this.blocks, [...fragment.childNodes]);
    const element = this.container.childNodes[this.blocks].querySelector("code");
    const start = this.pos + opening.length;
    this.fence = {
      lines: new FenceLines(opening, this.text, start),
      code: new GrowingCode(element),
      shown: start,
    };
    return true;
  }

  /** Appends what the fence got; true when it has closed. */
  growFence(final) {
    const { lines, code } = this.fence;
    const closed = lines.advance(this.text, final);
    const stop = final && !closed ? this.text.trimEnd().length : lines.limit;
    if (stop > this.fence.shown) {
      code.append(this.text.slice(this.fence.shown, stop));
      this.fence.shown = stop;
    }
    if (!closed && !final) return false;
    this.pos = closed ? lines.closed.next : this.text.length;
    this.split = this.pos;
    this.fence = null;
    this.settle(this.container, this.blocks, 1);
    this.blocksDone(1);
    return true;
  }

  // --- the tail -------------------------------------------------------------

  paintTail(final) {
    const { scope } = this;
    if (!final && this.text.length - this.pos > LONGEST_TAIL) {
      if (scope) patchChildren(scope.parent, scope.done, []);
      patchChildren(this.container, this.blocks + (scope ? 1 : 0), [plainNode(this.text.slice(this.pos))]);
      return;
    }
    const tail = final ? "" : mend((this.scope?.prefix ?? "") + this.text.slice(this.pos));
    const tokens = tail ? lex(tail, { ...this.links }) : [];
    const nodes = nodesOf(tokens, this.dress);
    if (!scope) {
      patchChildren(this.container, this.blocks, nodes);
      return;
    }
    const inside = this.continues(tokens.find(visible)) ? nodes.shift() : null;
    const items = scope.kind === "table" ? inside?.querySelector("tbody") : inside;
    patchChildren(scope.parent, scope.done, items ? [...items.childNodes] : []);
    patchChildren(this.container, this.blocks + 1, nodes);
  }
}
