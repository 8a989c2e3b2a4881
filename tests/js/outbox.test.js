import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import "./page.js";

const { Outbox, forgetAll, giveBack, newKey, wireSize } =
  await import("../../llm_ui/react/chat/outbox.js");

describe("the composer's words", () => {
  beforeEach(() => sessionStorage.clear());

  describe("what was typed and sent in a chat", () => {
    it("is kept for that chat alone", () => {
      new Outbox("one").draft = "half a thought";
      assert.equal(new Outbox("one").draft, "half a thought");
      assert.equal(new Outbox("two").draft, "");
    });

    it("leaves no trace once it is empty", () => {
      const box = new Outbox("one");
      Object.assign(box, { draft: "x", files: [{ id: "f" }], pending: { key: "k", text: "x" } });
      assert.equal(sessionStorage.length, 3);
      Object.assign(box, { draft: "", files: [], pending: null });
      assert.equal(sessionStorage.length, 0);
    });

    it("survives what is no JSON", () => {
      sessionStorage.setItem("lu-composer:files:one", "{");
      sessionStorage.setItem("lu-composer:sent:one", "{");
      assert.deepEqual(new Outbox("one").files, []);
      assert.equal(new Outbox("one").pending, null);
    });
  });

  describe("a message that the server refused", () => {
    it("becomes the draft of its own chat, before what was typed since", () => {
      const box = new Outbox("one");
      Object.assign(box, {
        draft: "and another thing",
        files: [{ id: "b" }],
        pending: { key: "k", text: "first", files: [{ id: "a" }] },
      });
      giveBack("k");
      assert.equal(box.draft, "first\n\nand another thing");
      assert.deepEqual(box.files, [{ id: "a" }, { id: "b" }]);
      assert.equal(box.pending, null);
    });

    it("is not doubled where its words stand already", () => {
      const box = new Outbox("one");
      Object.assign(box, { draft: "first ", pending: { key: "k", text: "first" } });
      giveBack("k");
      assert.equal(box.draft, "first ");
    });

    it("leaves other messages alone", () => {
      const box = new Outbox("one");
      box.pending = { key: "other", text: "wait" };
      giveBack("k");
      assert.equal(box.pending.key, "other");
    });
  });

  describe("keys and sizes", () => {
    it("makes keys that differ, of the form of a UUID, with or without randomUUID", () => {
      const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
      assert.match(newKey(), form);
      const own = crypto.randomUUID;
      Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
      try {
        const [one, two] = [newKey(), newKey()];
        assert.match(one, form);
        assert.notEqual(one, two);
      } finally {
        Object.defineProperty(crypto, "randomUUID", { value: own, configurable: true });
      }
    });

    it("counts the bytes that a text has on the wire", () => {
      assert.equal(wireSize("abc"), 5);
      assert.equal(wireSize("ä"), 4);
      assert.equal(wireSize("\n"), 4);
      assert.equal(wireSize("\u0001"), 8);
    });
  });

  describe("whoever signs out", () => {
    // The last test: from then on this page keeps nothing.
    it("leaves nothing of theirs behind, nor what the page still holds", () => {
      sessionStorage.setItem("someone-else", "stays");
      new Outbox("one").draft = "secret";
      forgetAll();
      new Outbox("one").draft = "late";
      assert.deepEqual(Object.keys(sessionStorage), ["someone-else"]);
    });
  });
});
