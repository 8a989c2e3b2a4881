// The answer as it grows: finished blocks become DOM once and are never touched
// again; only the block at the end is parsed anew, and only with what it needs.
//
// `scope` is where the next block goes: the container itself, or a list or a table that is still
// growing (scope.js).
import { finishedCount, nodesOf, rawLength, resolveLateLinks, visible } from "./blocks.js";
import { codeOf } from "./code.js";
import { Fence, closingFence, openingFence } from "./fence.js";
import { codeHtml } from "./html.js";
import { mend } from "./mend.js";
import { lex } from "./parse.js";
import { Placed, plainNode } from "./placed.js";
import { toFragment } from "./safe.js";
import { Scope, bodyOf, lengthOf } from "./scope.js";

// An unfinished block this long is shown as plain text until it is whole, and is not read again
// for each of its lines: it is a log file, or a model that has lost its way.
const LONGEST_TAIL = 20_000;

export class Renderer extends Placed {
  text = "";
  /** @type {Lu.Links} */
  links = {};
  /** @type {Scope | null} */
  scope = null;
  /** @type {Fence | null} */
  fence = null;
  pos = 0;
  split = 0;
  finished = false;
  /** @type {HTMLElement | null} */
  plain = null;
  enough = 0;

  /** @param {string} text */
  replace(text) {
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

  /** @param {string} text */
  append(text) {
    if (this.text.endsWith("\r")) text = this.text.slice(-1) + text;
    else if (!text.includes("\r")) return void (this.text += text);
    this.text = this.text.replace(/\r$/, "") + text.replace(/\r\n|\r(?!$)/g, "\n");
  }

  /** Shows what is new. `final`: nothing more will come. */
  paint(final = false) {
    if (this.finished) return;
    if (this.plain) {
      this.paintPlain(final);
      return;
    }
    try {
      while (this.fence ? this.growFence(this.fence, final) : this.commit(final));
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

  /**
   * Whatever one message holds: its words are shown, and the rest of the page goes on.
   *
   * @param {boolean} final
   */
  paintPlain(final) {
    this.plain ??= plainNode("");
    this.plain.textContent = this.text;
    if (this.plain.parentNode !== this.container) this.container.replaceChildren(this.plain);
    this.finished = final;
  }

  // --- finished blocks -----------------------------------------------------

  /**
   * Moves complete blocks out of the tail; true when there may be more to do.
   *
   * @param {boolean} final
   */
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
    if (this.scope) return this.commitInScope(this.scope, tokens, src, final);
    return this.commitBlocks(tokens, src, final);
  }

  /**
   * @param {Lu.Token[]} tokens
   * @param {string} src
   * @param {boolean} final
   */
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

  /**
   * Renders finished tokens for good, in place of the tail that showed them so far.
   *
   * @param {Lu.Token[]} tokens
   */
  place(tokens) {
    if (!tokens.some(visible)) return;
    const nodes = nodesOf(tokens, this.dress);
    this.show(nodes);
    this.settle(this.container, this.blocks, nodes.length);
    this.blocksDone(nodes.length);
  }

  // --- lists and tables that grow ------------------------------------------

  /** @param {Lu.Token} token */
  openList(token) {
    const [list] = nodesOf([token], this.dress);
    this.show([list]);
    this.scope = new Scope(token, this.block(this.blocks));
    this.commitItems(this.scope, token, token.items.length - 1);
    return false;
  }

  /**
   * @param {Scope} scope
   * @param {Lu.Token} token
   * @param {number} count
   */
  commitItems(scope, token, count) {
    const items = token.items.slice(0, count);
    if (token.loose) scope.parent.classList.add("lu-md-loose");
    if (!items.length) return;
    const [list] = nodesOf([{ ...token, items }], this.dress);
    this.take(scope, list);
    this.pos += rawLength(items);
  }

  /** @param {Lu.Token} token */
  openTable(token) {
    const lines = token.raw.split("\n", 2).join("\n") + "\n";
    const [table] = nodesOf([token], this.dress);
    this.show([table]);
    this.scope = new Scope(token, bodyOf(this.block(this.blocks)), lines);
    this.pos += lines.length;
    this.commitRows(this.scope, token, token.rows.length, token.raw.slice(lines.length));
    return false;
  }

  /**
   * @param {Scope} scope
   * @param {Lu.Token} token
   * @param {number} count
   * @param {string} src
   */
  commitRows(scope, token, count, src) {
    if (!count) return;
    const [table] = nodesOf([{ ...token, rows: token.rows.slice(0, count) }], this.dress);
    this.take(scope, bodyOf(table));
    this.pos += lengthOf(src, count);
  }

  /**
   * @param {Scope} scope
   * @param {Element} from
   */
  take(scope, from) {
    const nodes = [...from.childNodes];
    scope.show(nodes);
    this.settle(scope.parent, scope.done, nodes.length);
    scope.done += nodes.length;
  }

  /**
   * @param {Scope} scope
   * @param {Lu.Token[]} tokens
   * @param {string} src
   * @param {boolean} final
   */
  commitInScope(scope, tokens, src, final) {
    const [first] = tokens;
    if (!scope.takes(first)) {
      this.closeScope(scope);
      return true;
    }
    const ended = final || tokens.slice(1).some(visible);
    if (scope.type === "list") {
      this.commitItems(scope, first, first.items.length - (ended ? 0 : 1));
    } else {
      this.commitRows(scope, first, first.rows.length, src);
    }
    if (!ended) return false;
    this.closeScope(scope);
    return true;
  }

  /** @param {Scope} scope */
  closeScope(scope) {
    scope.show([]);
    this.scope = null;
    this.split = this.pos;
    this.blocksDone(1);
  }

  // --- an open code fence --------------------------------------------------

  /**
   * @param {Lu.Token} token
   * @param {string} tail
   */
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
    this.show([...fragment.childNodes]);
    const element = codeOf(this.block(this.blocks));
    this.fence = new Fence(opening, this.pos + opening.length, element);
    return true;
  }

  /**
   * Appends what the fence got; true when it has closed.
   *
   * @param {Fence} fence
   * @param {boolean} final
   */
  growFence(fence, final) {
    const next = fence.grow(this.text, final);
    if (next < 0) return false;
    this.pos = next;
    this.split = this.pos;
    this.fence = null;
    this.settle(this.container, this.blocks, 1);
    this.blocksDone(1);
    return true;
  }

  // --- the tail -------------------------------------------------------------

  /** @param {boolean} final */
  paintTail(final) {
    const { scope } = this;
    if (!final && this.text.length - this.pos > LONGEST_TAIL) {
      scope?.show([]);
      this.show([plainNode(this.text.slice(this.pos))], scope ? 1 : 0);
      return;
    }
    const tail = final ? "" : mend((scope?.prefix ?? "") + this.text.slice(this.pos));
    const tokens = tail ? lex(tail, { ...this.links }) : [];
    const nodes = nodesOf(tokens, this.dress);
    if (!scope) {
      this.show(nodes);
      return;
    }
    const inside = scope.takes(tokens.find(visible)) ? nodes.shift() : null;
    const items = scope.type === "table" ? inside?.querySelector("tbody") : inside;
    scope.show(items ? [...items.childNodes] : []);
    this.show(nodes, 1);
  }
}
