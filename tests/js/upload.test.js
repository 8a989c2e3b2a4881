import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import "./page.js";

const { Uploads, filesOf, known } = await import("../../llm_ui/react/files/upload.js");

const WORDS = {
  folder: "No folders.",
  tooLarge: "At most {limit} MB.",
  quota: "Full: {limit} MB.",
  unreachable: "Away.",
};
const MB = 1024 * 1024;
let calls;
let room;
let requests;
let reading;

class Request {
  upload = {};
  headers = {};

  open(method, address) {
    this.address = address;
    requests.push(this);
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  send(body) {
    this.body = body;
  }

  abort() {
    this.isAborted = true;
    this.onabort?.();
  }

  answer(status, response) {
    Object.assign(this, { status, response });
    this.onload();
  }
}

describe("uploads", () => {
  beforeEach(() => {
    calls = [];
    requests = [];
    room = { used: 0, quota: 100 * MB, largest: 10 * MB };
    reading = { status: 200, body: { id: "1", status: "ready" } };
    globalThis.XMLHttpRequest = Request;
    mock.method(globalThis, "fetch", async (url, { method = "GET" } = {}) => {
      const { pathname, search } = new URL(url);
      calls.push(`${method} ${pathname}${search}`);
      if (pathname.endsWith("/me")) return Response.json({ csrf_token: "c" });
      if (search.startsWith("?limit")) return Response.json(room);
      return Response.json(reading.body, { status: reading.status });
    });
  });
  afterEach(() => mock.restoreAll());

  const settled = () => new Promise((done) => setImmediate(() => setImmediate(done)));

  function place() {
    const uploads = new Uploads({ changed: () => undefined });
    Object.assign(uploads, { origin: "http://localhost:8000", words: WORDS });
    const states = () => uploads.list.map(({ status }) => status);
    return { uploads, states };
  }

  const file = (name, size = 10, type = "text/plain") => {
    const made = new File(["x".repeat(10)], name, { type });
    return Object.defineProperty(made, "size", { value: size });
  };
  const stored = (more) => ({
    id: "1",
    name: "a",
    size: 10,
    kind: "text",
    status: "ready",
    ...more,
  });

  describe("files on their way", () => {
    it("are sent two at once, the others wait for their turn", async () => {
      const { uploads, states } = place();
      uploads.add([file("a"), file("b"), file("c")]);
      await settled();
      assert.deepEqual(states(), ["uploading", "uploading", "queued"]);
      requests[0].answer(201, stored());
      await settled();
      assert.deepEqual(states(), ["ready", "uploading", "uploading"]);
      assert.equal(uploads.ready, false);
    });

    it("bear the session's token and their name", async () => {
      const { uploads } = place();
      uploads.add([file("ä b.txt")]);
      await settled();
      assert.equal(requests[0].headers["X-CSRF-Token"], "c");
      assert.equal(requests[0].address.searchParams.get("name"), "ä b.txt");
    });

    it("tell how much has gone", async () => {
      const { uploads } = place();
      uploads.add([file("a")]);
      await settled();
      requests[0].upload.onprogress({ loaded: 199, total: 300 });
      assert.equal(uploads.list[0].percent, 66);
      requests[0].upload.onprogress({ loaded: 1, total: 0 });
      assert.equal(uploads.list[0].percent, 0);
    });

    it("are stopped when they are taken away, and deleted if they had arrived", async () => {
      const { uploads, states } = place();
      uploads.add([file("a")]);
      await settled();
      uploads.remove(uploads.list[0].key);
      assert.ok(requests[0].isAborted);
      uploads.add([file("b")]);
      await settled();
      requests[1].answer(201, stored({ id: "7" }));
      await settled();
      uploads.discard(uploads.list[0].key);
      await settled();
      assert.deepEqual(states(), []);
      assert.equal(calls.at(-1), "DELETE /api/v1/files/7?unused=true");
    });
  });

  describe("files that are refused", () => {
    const refused = async (size, answer) => {
      const { uploads } = place();
      uploads.add([file("a", size)]);
      await settled();
      if (answer) requests.at(-1).answer(...answer);
      await settled();
      const { status, error, final } = uploads.list[0];
      assert.equal(status, "refused");
      return { error, final };
    };

    it("are those that are too large, for good, before anything is sent", async () => {
      assert.deepEqual(await refused(11 * MB), { error: "At most 10 MB.", final: true });
      assert.equal(requests.length, 0);
    });

    it("are those that have no room, until there is some", async () => {
      room.used = 95 * MB;
      assert.deepEqual(await refused(6 * MB), { error: "Full: 100 MB.", final: false });
    });

    it("say what the server says; only what it cannot take is final", async () => {
      assert.deepEqual(await refused(10, [422, { detail: "Bad." }]), {
        error: "Bad.",
        final: true,
      });
      assert.deepEqual(await refused(10, [503, null]), { error: "Away.", final: false });
    });

    it("may be tried again", async () => {
      const { uploads, states } = place();
      uploads.add([file("a")]);
      await settled();
      requests[0].answer(503, null);
      await settled();
      uploads.retry(uploads.list[0].key);
      await settled();
      requests[1].answer(201, stored());
      await settled();
      assert.deepEqual(states(), ["ready"]);
    });

    it("are folders", () => {
      const { uploads } = place();
      uploads.add([Object.assign(file("d", 4096), { isFolder: true })]);
      const [{ status, error, final, size }] = uploads.list;
      assert.deepEqual(
        { status, error, final, size },
        {
          status: "refused",
          error: "No folders.",
          final: true,
          size: 0,
        },
      );
    });
  });

  describe("files that the server has", () => {
    it("come back once each", () => {
      const { uploads } = place();
      uploads.restore([stored()]);
      uploads.restore([stored(), stored({ id: "2" })]);
      assert.deepEqual(
        uploads.list.map(({ id }) => id),
        ["1", "2"],
      );
      assert.ok(uploads.ready);
    });

    it("are asked for until they are read, and leave when they have gone", async () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const { uploads, states } = place();
      uploads.restore([stored({ status: "waiting" }), stored({ id: "2", status: "waiting" })]);
      reading.body.status = "waiting";
      mock.timers.tick(600);
      await settled();
      assert.deepEqual(states(), ["waiting", "waiting"]);
      reading.status = 404;
      mock.timers.tick(600);
      await settled();
      assert.deepEqual(states(), []);
      mock.timers.reset();
    });

    it("are kept by what one needs to show them and to send them along", () => {
      assert.deepEqual(Object.keys(known({ ...stored(), blob: 1, percent: 3 })), [
        "id",
        "name",
        "size",
        "kind",
        "status",
        "error",
        "note",
        "fresh",
      ]);
    });
  });

  describe("what is dropped on a page", () => {
    it("is its files, with folders marked, and no text", () => {
      const item = (kind, name, isDirectory) => ({
        kind,
        getAsFile: () => (name ? file(name) : null),
        webkitGetAsEntry: () => ({ isDirectory }),
      });
      const items = [
        item("file", "a", false),
        item("file", "d", true),
        item("string"),
        item("file"),
      ];
      assert.deepEqual(
        filesOf({ items }).map(({ name, isFolder }) => [name, isFolder]),
        [
          ["a", false],
          ["d", true],
        ],
      );
    });
  });
});
