// What was typed and what was sent, kept per conversation for as long as the tab
// lives: a reload or a lost connection costs nobody their words.

/** @typedef {{ key: string, text: string, files?: Lu.File[] }} Sent */

/** Dispatched on the window when a message leaves the composer. */
export const SENT = "lu:sent";

const PREFIX = "lu-composer:";

/** @param {string} key */
function read(key) {
  try {
    return sessionStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

let left = false;

/**
 * @param {string} key
 * @param {string | null} text
 */
function write(key, text) {
  if (left) return;
  try {
    if (text) sessionStorage.setItem(PREFIX + key, text);
    else sessionStorage.removeItem(PREFIX + key);
  } catch {
    // No storage or no room: the text is then only in the page.
  }
}

/** A key that the server takes one message for, however often it is sent. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages over plain http have no randomUUID, but they have random bytes.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * How many bytes `text` has in a message to the server.
 *
 * @param {string} text
 */
export function wireSize(text) {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}

export class Outbox {
  /** @param {string} chat */
  constructor(chat) {
    this.chat = chat;
  }

  /** @returns {string} */
  get draft() {
    return read(`draft:${this.chat}`) ?? "";
  }

  set draft(text) {
    write(`draft:${this.chat}`, text);
  }

  /**
   * The files of the draft, as `known` of ../files/upload.js tells them.
   *
   * @returns {Lu.File[]}
   */
  get files() {
    try {
      return JSON.parse(read(`files:${this.chat}`) ?? "[]");
    } catch {
      return [];
    }
  }

  set files(files) {
    write(`files:${this.chat}`, files.length ? JSON.stringify(files) : "");
  }

  /**
   * {key, text, files} of the message that the server has not confirmed yet, or null.
   *
   * @returns {Sent | null}
   */
  get pending() {
    try {
      return JSON.parse(read(`sent:${this.chat}`) ?? "null");
    } catch {
      return null;
    }
  }

  set pending(message) {
    write(`sent:${this.chat}`, message && JSON.stringify(message));
  }
}

/**
 * Makes what was sent with `key`, wherever that was, a draft of that chat again.
 *
 * @param {string} key
 */
export function giveBack(key) {
  let names;
  try {
    names = Object.keys(sessionStorage).filter((name) => name.startsWith(`${PREFIX}sent:`));
  } catch {
    return;
  }
  for (const name of names) {
    const box = new Outbox(name.slice(`${PREFIX}sent:`.length));
    const message = box.pending;
    if (message?.key !== key) continue;
    const { draft, files } = box;
    if (draft.trim() !== message.text)
      box.draft = [message.text, draft].filter(Boolean).join("\n\n");
    box.files = [...(message.files ?? []), ...files];
    box.pending = null;
  }
}

/** Nothing of whoever signs out is left for the next person at this browser. */
export function forgetAll() {
  // What the page still holds is not kept on its way out.
  left = true;
  try {
    for (const name of Object.keys(sessionStorage)) {
      if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
    }
  } catch {
    // No storage: nothing was kept either.
  }
}
