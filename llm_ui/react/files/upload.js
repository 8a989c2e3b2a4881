// Uploads over REST, which alone can stream a file to the server's disk: a queue of files,
// each with its progress, and then the wait until the server has read it. No React here.

const FILES = "/api/v1/files";
const ASK_EVERY_MS = 600;
const AT_ONCE = 2;
const KEPT = ["id", "name", "size", "kind", "status", "error", "note", "fresh"];

let numbers = 0;
let token = null;

export const language = () => document.documentElement.lang || navigator.language;

export async function read(origin, path, signal) {
  const response = await fetch(new URL(path, origin), {
    credentials: "include",
    headers: { "Accept-Language": language() },
    signal,
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.detail ?? ""), { status: response.status });
}

/** The session's token, asked for once. */
export async function tokenOf(origin) {
  token ??= read(origin, "/api/v1/auth/me").then((me) => me.csrf_token);
  try {
    return await token;
  } catch (error) {
    token = null;
    throw error;
  }
}

const megabytes = (bytes) => Math.floor(bytes / 1024 / 1024);

/** Throws what is wrong with a size, where the server would only hang up in the middle of it. */
async function checkRoom(origin, size, words) {
  const { used, quota, largest } = await read(origin, `${FILES}?limit=1`);
  const refuse = (text, limit, final) => {
    throw Object.assign(new Error(text.replace("{limit}", megabytes(limit))), { final });
  };
  if (size > largest) refuse(words.tooLarge, largest, true);
  // Whoever deletes some can try again.
  if (used + size > quota) refuse(words.quota, quota, false);
}

/** The files of a drop; folders are among them, marked, for they cannot be sent. */
export function filesOf(transfer) {
  return [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => {
      const isFolder = Boolean(item.webkitGetAsEntry?.()?.isDirectory);
      const file = item.getAsFile();
      return file && Object.assign(file, { isFolder });
    })
    .filter(Boolean);
}

/** What stays of a file that the server knows: enough to show it and to send it along. */
export const known = (file) => Object.fromEntries(KEPT.map((name) => [name, file[name]]));

/** What the server says of a file; where it was brought is known here only. */
const told = ({ id, name, size, kind, status, error, note }) => ({ id, name, size, kind, status, error, note });

/** Delete a file that nothing uses; it stays in the library if that does not work. */
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
  constructor({ changed }) {
    Object.assign(this, { changed, origin: "", words: {} });
    this.list = [];
    this.running = 0;
    this.over = false;
  }

  /** Files from a picker, a drop or the clipboard. */
  add(files) {
    const fresh = [...files].map((blob) => ({
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
    }));
    this.show([...this.list, ...fresh]);
    this.next();
  }

  /** Files that the server has already: of a draft, or of a message that came back. */
  restore(files) {
    const here = new Set(this.list.map((file) => file.id));
    const fresh = files.filter((file) => !here.has(file.id));
    this.show([...this.list, ...fresh.map((file) => ({ ...file, key: file.id }))]);
    for (const file of this.list) if (file.status === "waiting") this.watch(file);
  }

  remove(key) {
    const file = this.list.find((each) => each.key === key);
    file?.request?.abort();
    if (file?.preview) URL.revokeObjectURL(file.preview);
    this.show(this.list.filter((each) => each.key !== key));
  }

  /** Somebody takes a file away: one that was only brought here need not be kept either. */
  discard(key) {
    const file = this.list.find((each) => each.key === key);
    this.remove(key);
    if (file?.fresh && file.id) drop(this.origin, file.id);
  }

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

  show(list) {
    this.list = list;
    if (!this.over) this.changed(list);
  }

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
        if (request.status === 403) token = null;
        const detail = request.response?.detail ?? "";
        return reject(Object.assign(new Error(detail), { status: request.status }));
      };
      request.onerror = () => reject(new Error(""));
      request.onabort = () => reject(new Error(""));
      request.send(file.blob);
      this.change(file.key, { request });
    });
  }

  /** Ask until the server has read it. */
  async watch({ key, id }) {
    while (!this.over && this.list.some((file) => file.key === key)) {
      await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
      try {
        const answer = await read(this.origin, `${FILES}/${id}`);
        if (answer.status !== "waiting") return this.change(key, told(answer));
      } catch (error) {
        if (error.status === 404) return this.remove(key);
        // Else the line is gone for a moment: the next question may get through.
      }
    }
    return undefined;
  }
}
