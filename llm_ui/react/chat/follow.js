// The stream's arithmetic: which pushes belong to this answer and where they go.

/** @typedef {{ kind: "append" | "replace", text: string } | { kind: "gap" }} Change */

/** Resync is asked for again when the first request seems to have been lost. */
const ASK_AGAIN_MS = 5000;

export class Follower {
  /** @param {number} run */
  constructor(run) {
    this.run = run;
    this.length = 0;
    /** @type {unknown} */
    this.last = null;
    /** @type {number | null} */
    this.askedAt = null;
  }

  /**
   * Takes one value {g, o, t} and says what to do with it:
   * {kind: "append" | "replace", text}, {kind: "gap"} (ask for a resync), or null.
   * Offsets and lengths count UTF-16 units.
   *
   * @param {Lu.Push | null} [value]
   * @returns {Change | null}
   */
  take(value, now = Date.now()) {
    if (!value || value === this.last) return null;
    this.last = value;
    const { g: run, o: offset, t: text } = value;
    if (!run || run !== this.run || typeof text !== "string") return null;
    if (offset === 0 && (text !== "" || this.length > 0)) return this.replace(text);
    if (offset === this.length) return text === "" ? null : this.append(text);
    if (offset < this.length) {
      // A repeat, or a piece that begins before and ends after what is there.
      const fresh = text.slice(this.length - offset);
      return fresh === "" ? null : this.append(fresh);
    }
    if (this.askedAt !== null && now - this.askedAt < ASK_AGAIN_MS) return null;
    this.askedAt = now;
    return { kind: "gap" };
  }

  /**
   * @param {string} text
   * @returns {Change}
   */
  append(text) {
    this.length += text.length;
    return { kind: "append", text };
  }

  /**
   * @param {string} text
   * @returns {Change}
   */
  replace(text) {
    this.length = text.length;
    this.askedAt = null;
    return { kind: "replace", text };
  }
}
