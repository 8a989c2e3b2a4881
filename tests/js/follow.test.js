import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Changes } from "../../llm_ui/react/chat/changes.jsx";
import { Follower } from "../../llm_ui/react/chat/follow.js";

const push = (o, t, g = 7) => ({ g, o, t });

describe("a follower of an answer", () => {
  it("appends pieces that begin where it stands", () => {
    const follower = new Follower(7);
    assert.deepEqual(follower.take(push(0, "Hel")), { kind: "replace", text: "Hel" });
    assert.deepEqual(follower.take(push(3, "lo")), { kind: "append", text: "lo" });
    assert.equal(follower.length, 5);
  });

  it("takes of a piece that overlaps only what is new", () => {
    const follower = new Follower(7);
    follower.take(push(0, "Hello"));
    assert.deepEqual(follower.take(push(3, "lo there")), { kind: "append", text: " there" });
    assert.equal(follower.take(push(2, "llo")), null);
  });

  it("passes over pieces of other runs, empty ones and those that it has seen", () => {
    const follower = new Follower(7);
    const first = push(0, "a");
    assert.equal(follower.take(push(0, "a", 8)), null);
    assert.equal(follower.take(null), null);
    assert.equal(follower.take({ g: 7, o: 0 }), null);
    assert.equal(follower.take(push(0, "")), null);
    assert.ok(follower.take(first));
    assert.equal(follower.take(first), null);
  });

  it("begins anew with a snapshot, also an empty one", () => {
    const follower = new Follower(7);
    follower.take(push(0, "thought"));
    assert.deepEqual(follower.take(push(0, "")), { kind: "replace", text: "" });
    assert.deepEqual(follower.take(push(0, "answer")), { kind: "replace", text: "answer" });
  });

  it("asks once for what is missing, and again when nothing comes of it", () => {
    const follower = new Follower(7);
    follower.take(push(0, "abc"));
    assert.deepEqual(follower.take(push(10, "x"), 1000), { kind: "gap" });
    assert.equal(follower.take(push(11, "y"), 5999), null);
    assert.deepEqual(follower.take(push(12, "z"), 6000), { kind: "gap" });
    follower.take(push(0, "abcdefghij"), 6001);
    assert.deepEqual(follower.take(push(20, "x"), 6002), { kind: "gap" });
  });

  it("counts as JavaScript does: two units for an emoji", () => {
    const follower = new Follower(7);
    follower.take(push(0, "😀"));
    assert.deepEqual(follower.take(push(2, "!")), { kind: "append", text: "!" });
  });
});

describe("changes of a list of messages", () => {
  const rows = [{ id: "a" }, { id: "b" }, { id: "c" }];
  const known = (n = 0) => {
    const changes = new Changes();
    changes.take(rows, { n });
    return changes;
  };

  it("puts what follows a message behind it, in place of what stood there", () => {
    const put = [{ id: "d" }, { id: "e" }];
    assert.deepEqual(known().take(rows, { n: 1, put, after: "b" }), {
      rows: [rows[0], rows[1], ...put],
    });
  });

  it("puts an earlier page in front of the first message", () => {
    const put = [{ id: "z" }];
    assert.deepEqual(known().take(rows, { n: 1, put, before: "a" }), { rows: [...put, ...rows] });
  });

  it("asks for the whole list when the place of a change is not there", () => {
    assert.deepEqual(known().take(rows, { n: 1, put: [], after: "x" }), { gap: true });
    assert.deepEqual(known().take(rows, { n: 1, put: [], before: "b" }), { gap: true });
  });

  it("asks for the whole list when a change was missed", () => {
    assert.deepEqual(known(3).take(rows, { n: 5, put: [], after: "c" }), { gap: true });
  });

  it("does nothing for a change that it has made, or that came with the whole list", () => {
    assert.equal(known(3).take(rows, { n: 3, put: [], after: "c" }), null);
    assert.equal(known(3).take([...rows], { n: 9, put: [], after: "c" }), null);
    assert.equal(known().take(rows, {}), null);
  });
});
