// Uploads over REST, which alone can stream a file to the server's disk: a queue of files,
// each with its progress, and then the wait until the server has read it. No React here.
import { forgetToken, language, read, tokenOf } from "./rest.js";

const FILES = "/api/v1/files";
const ASK_EVERY_MS = 600;
const AT_ONCE = 2;
/** @type {(keyof Lu.File)[]} */
const KEPT = ["id", "name", "size", "kind", "status", "error", "note", "fresh"];

let numbers = 0;

/** @param {number} bytes */
const megabytes = (bytes) => Math.floor(bytes / 1024 / 1024);

/**
 * Throws what is wrong with a size, where the server would only hang up in the middle of it.
 *
 * @param {string} origin
 * @param {number} size
 * @param {Lu.Labels} words
 */
async function checkRoom(origin, size, words) {
  const { used, quota, largest } = await read(origin, `${FILES}?limit=1`);
  /**
   * @param {string} text
   * @param {number} limit
   * @param {boolean} final
   */
  const refuse = (text, limit, final) => {
    throw Object.assign(new Error(text.replace("{limit}", String(megabytes(limit)))), { final });
  };
  if (size > largest) refuse(words.tooLarge, largest, true);
  // Whoever deletes some can try again.
  if (used + size > quota) refuse(words.quota, quota, false);
}

/**
 * The files of a drop; folders are among them, marked, for they cannot be sent.
 *
 * @param {DataTransfer} transfer
 * @returns {File[]}
 */
export function filesOf(transfer) {
  return [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => {
      const isFolder = Boolean(item.webkitGetAsEntry?.()?.isDirectory);
      const file = item.getAsFile();
      return file && Object.assign(file, { isFolder });
    })
    .filter((file) => file !== null);
}

/**
 * What stays of a file that the server knows: enough to show it and to send it along.
 *
 * @param {Partial<Lu.File>} file
 * @returns {Lu.File}
 */
export const known = (file) =>
  /** @type {Lu.File} */ (Object.fromEntries(KEPT.map((name) => [name, file[name]])));

/**
 * What the server says of a file; where it was brought is known here only.
 *
 * @param {Lu.File} file
 */
const told = ({ id, name, size, kind, status, error, note }) => ({
  id,
  name,
  size,
  kind,
  status,
  error,
  note,
});

/**
 * Delete a file that nothing uses; it stays in the library if that does not work.
 *
 * @param {string} origin
 * @param {string} id
 */
async function drop(origin, id) {
  try {
    const csrf = await tokenOf(origin);
    const address = new URL(`${FILES}/${encodeURIComponent(id)}?unused=true`, origin);
    const headers = { "X-CSRF-Token": csrf };
    await fetch(address, { method: "DELETE", credentials: "include", headers });
  } catch {
    // The library has it, under "not used".
  }
}

/**
 * The files of one place on a page. `changed(list)` is called with each new list; a file is
 * {key, id, name, size, kind, status, error, percent, preview}, its status one of queued,
 * uploading, waiting, ready, failed (the server could not read it), refused (it never came).
 */
export class Uploads {
  /** @param {{ changed: (list: Lu.Upload[]) => void }} options */
  constructor({ changed }) {
    this.changed = changed;
    this.origin = "";
    /** @type {Lu.Labels} */
    this.words = {};
    /** @type {Lu.Upload[]} */
    this.list = [];
    this.running = 0;
    this.over = false;
  }

  /**
   * Files from a picker, a drop or the clipboard.
   *
   * @param {Iterable<File & { isFolder?: boolean }>} files
   */
  add(files) {
    const fresh = [...files].map(
      (blob) =>
        /** @type {Lu.Upload} */ ({
          key: `new-${++numbers}`,
          blob,
          name: blob.name || "file",
          size: blob.size,
          kind: blob.type.startsWith("image/") ? "image" : "text",
          preview: /^image\/(png|jpeg|gif|webp)$/.test(blob.type) ? URL.createObjectURL(blob) : "",
          percent: 0,
          ...(blob.isFolder
            ? { status: "refused", error: this.words.folder, final: true, size: 0 }
            : { status: "queued" }),
        }),
    );
    this.show([...this.list, ...fresh]);
    this.next();
  }

  /**
   * Files that the server has already: of a draft, or of a message that came back.
   *
   * @param {Lu.File[]} files
   */
  restore(files) {
    const here = new Set(this.list.map((file) => file.id));
    const fresh = files.filter((file) => !here.has(file.id));
    this.show([...this.list, ...fresh.map((file) => ({ ...file, key: file.id }))]);
    for (const file of this.list) if (file.status === "waiting") this.watch(file);
  }

  /** @param {string} key */
  remove(key) {
    const file = this.list.find((each) => each.key === key);
    file?.request?.abort();
    if (file?.preview) URL.revokeObjectURL(file.preview);
    this.show(this.list.filter((each) => each.key !== key));
  }

  /**
   * Somebody takes a file away: one that was only brought here need not be kept either.
   *
   * @param {string} key
   */
  discard(key) {
    const file = this.list.find((each) => each.key === key);
    this.remove(key);
    if (file?.fresh && file.id) drop(this.origin, file.id);
  }

  /** @param {string} key */
  retry(key) {
    this.change(key, { status: "queued", error: "", percent: 0 });
    this.next();
  }

  clear() {
    for (const file of this.list) if (file.preview) URL.revokeObjectURL(file.preview);
    this.show([]);
  }

  close() {
    this.over = true;
    for (const file of this.list) file.request?.abort();
  }

  get ready() {
    return this.list.every((file) => file.status === "ready");
  }

  /** @param {Lu.Upload[]} list */
  show(list) {
    this.list = list;
    if (!this.over) this.changed(list);
  }

  /**
   * @param {string} key
   * @param {Partial<Lu.Upload>} values
   */
  change(key, values) {
    if (!this.list.some((file) => file.key === key)) return;
    this.show(this.list.map((file) => (file.key === key ? { ...file, ...values } : file)));
  }

  next() {
    const file = this.list.find((each) => each.status === "queued");
    if (!file || this.running >= AT_ONCE) return;
    this.running += 1;
    this.change(file.key, { status: "uploading" });
    this.send(file)
      .then((answer) => {
        if (!this.list.some((each) => each.key === file.key)) {
          // It was taken away while its last bytes were on their way.
          drop(this.origin, answer.id);
          return;
        }
        this.change(file.key, { ...known(answer), fresh: true, blob: null, request: null });
        if (answer.status === "waiting") this.watch({ key: file.key, id: answer.id });
      })
      .catch((error) => {
        this.change(file.key, {
          status: "refused",
          error: error.message || this.words.unreachable,
          final: error.final ?? error.status === 422,
          request: null,
        });
      })
      .finally(() => {
        this.running -= 1;
        this.next();
      });
    this.next();
  }

  /**
   * @param {Lu.Upload} file
   * @returns {Promise<Lu.File>}
   */
  async send(file) {
    const [csrf] = await Promise.all([
      tokenOf(this.origin),
      checkRoom(this.origin, file.size, this.words),
    ]);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const address = new URL(FILES, this.origin);
      address.searchParams.set("name", file.name.slice(-500));
      request.open("POST", address);
      request.withCredentials = true;
      request.responseType = "json";
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("X-CSRF-Token", csrf);
      request.setRequestHeader("Accept-Language", language());
      request.upload.onprogress = ({ loaded, total }) =>
        this.change(file.key, { percent: total ? Math.floor((100 * loaded) / total) : 0 });
      request.onload = () => {
        if (request.status === 201) return resolve(request.response);
        if (request.status === 403) forgetToken();
        const detail = request.response?.detail ?? "";
        return reject(Object.assign(new Error(detail), { status: request.status }));
      };
      request.onerror = () => reject(new Error(""));
      request.onabort = () => reject(new Error(""));
      request.send(file.blob);
      this.change(file.key, { request });
    });
  }

  /**
   * Ask until the server has read it.
   *
   * @param {{ key: string, id?: string }} file
   * @returns {Promise<void>}
   */
  async watch({ key, id }) {
    while (!this.over && this.list.some((file) => file.key === key)) {
      await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
      try {
        const answer = await read(this.origin, `${FILES}/${id}`);
        if (answer.status !== "waiting") return this.change(key, told(answer));
      } catch (error) {
        if (/** @type {Lu.Failure} */ (error).status === 404) return this.remove(key);
        // Else the line is gone for a moment: the next question may get through.
      }
    }
    return undefined;
  }
}
