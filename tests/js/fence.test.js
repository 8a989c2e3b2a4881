import assert from "node:assert/strict";
import { describe, it } from "node:test";

import "./page.js";

const { FenceLines, GrowingCode, closingFence, openingFence } =
  await import("../../llm_ui/react/markdown/fence.js");

describe("the opening line of a fence", () => {
  it("has marks and what they say of the code", () => {
    assert.deepEqual(openingFence("```js x\ncode"), { marks: "```", info: "js x", length: 8 });
    assert.deepEqual(openingFence("~~~~\n"), { marks: "~~~~", info: "", length: 5 });
  });

  it("is none without its end, with two marks, or with marks behind them", () => {
    assert.equal(openingFence("```js"), null);
    assert.equal(openingFence("``\n"), null);
    assert.equal(openingFence("``` a`b\n"), null);
    assert.ok(openingFence("~~~ a`b\n"));
  });
});

describe("where a fence closes", () => {
  const close = (src) => closingFence(src, openingFence(src));

  it("is at marks of its own kind, at least as many", () => {
    assert.deepEqual(close("```\na\n```\nb"), { code: 5, next: 10 });
    assert.deepEqual(close("```\na\n  ````  \nb").next, 15);
    assert.equal(close("```\na\n~~~\n"), null);
    assert.equal(close("````\na\n```\n"), null);
    assert.equal(close("```\na\n``` b\n"), null);
  });

  it("may be at once", () => {
    assert.deepEqual(close("```\n```"), { code: 4, next: 7 });
  });
});

describe("a fence that grows", () => {
  const opening = openingFence("```\n");
  const limits = (...texts) => {
    const lines = new FenceLines(opening, 0);
    return texts.map((text) => {
      lines.advance(text, false);
      return text.slice(0, lines.limit);
    });
  };

  it("holds back what may become its end", () => {
    assert.deepEqual(limits("a", "a\n", "a\n`", "a\n``", "a\n``x"), ["a", "a", "a", "a", "a\n``x"]);
  });

  it("is never longer than its text, and ends where it closes", () => {
    assert.deepEqual(limits("a\n", "a\n\n", "a\n\n```\n"), ["a", "a\n", "a\n"]);
  });
});

describe("code on a page", () => {
  it("has all that was given, however it was cut, in groups of lines", () => {
    const text = Array.from({ length: 130 }, (_, n) => `line ${n}\n`).join("") + "half";
    for (const size of [1, 7, 1000, text.length]) {
      const element = document.createElement("code");
      const code = new GrowingCode(element);
      for (let at = 0; at < text.length; at += size) code.append(text.slice(at, at + size));
      assert.equal(element.textContent, text);
      assert.equal(element.children.length, 4);
      assert.equal(element.children[0].textContent.split("\n").length, 41);
    }
  });
});
