import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { toHtml } from "../../llm_ui/react/markdown/html.js";
import { lex } from "../../llm_ui/react/markdown/parse.js";
import { safeImage, safeLink } from "../../llm_ui/react/markdown/safe.js";

const html = (text) => toHtml(lex(text, {}));
const hrefs = (text) => [...html(text).matchAll(/href="([^"]*)"/g)].map(([, href]) => href);

describe("an address that may be followed", () => {
  for (const [href, safe] of [
    ["https://example.org", "https://example.org/"],
    ["HTTP://EXAMPLE.org/a b", "http://example.org/ab"],
    ["mailto:a@example.org", "mailto:a@example.org"],
    ["https://example.org/ä?q=1&r=2#x", "https://example.org/%C3%A4?q=1&r=2#x"],
    ["ht\ttps://example.org/", "https://example.org/"],
  ]) {
    it(`is ${JSON.stringify(href)}`, () => assert.equal(safeLink(href), safe));
  }

  for (const href of [
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "\u0001javascript:alert(1)",
    "\u200bjavascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//example.org",
    "/chat",
    "example.org",
    "https://",
    "https://exa mple:x",
    "",
    null,
    undefined,
  ]) {
    it(`is not ${JSON.stringify(href)}`, () => assert.equal(safeLink(href), null));
  }
});

describe("a picture", () => {
  it("is shown at once when it is in the text itself", () => {
    assert.deepEqual(safeImage("data:image/png;base64,AA\nBB="), {
      src: "data:image/png;base64,AABB=",
    });
  });

  it("from elsewhere is asked for", () => {
    assert.deepEqual(safeImage(" https://example.org:8080/a.png "), {
      ask: "https://example.org:8080/a.png",
      host: "example.org:8080",
    });
  });

  for (const href of [
    "data:image/svg+xml;base64,AA",
    "data:text/html;base64,AA",
    "data:image/png,AA",
    "mailto:a@example.org",
    "javascript:x",
    "",
    null,
  ]) {
    it(`is not ${JSON.stringify(href)}`, () => assert.equal(safeImage(href), null));
  }

  it("that may not be shown leaves its words", () => {
    assert.equal(html("![a <b>](javascript:x)"), "<p>a &lt;b&gt;</p>");
  });
});

describe("links in a text", () => {
  it("open elsewhere and tell nothing of where they were", () => {
    assert.equal(
      html('[a](https://example.org "T")'),
      '<p><a href="https://example.org/" rel="noopener noreferrer nofollow" target="_blank" ' +
        'title="T">a</a></p>',
    );
  });

  it("with a scheme that is not known leave their words", () => {
    assert.equal(html("[click](javascript:alert)"), "<p>click</p>");
    assert.equal(html("[click](/chat)"), "<p>click</p>");
  });

  it("end before the signs of a sentence, and where a CJK text goes on", () => {
    assert.deepEqual(hrefs("See https://example.org/a."), ["https://example.org/a"]);
    assert.deepEqual(hrefs("看https://example.org/a。好"), ["https://example.org/a"]);
    assert.deepEqual(hrefs("“https://example.org/a”"), ["https://example.org/a"]);
  });

  it("are two where a comma stands between them, and one inside another one", () => {
    assert.deepEqual(hrefs("https://a.org,https://b.org"), ["https://a.org/", "https://b.org/"]);
    assert.deepEqual(hrefs("https://archive.org/web/https://a.org"), [
      "https://archive.org/web/https://a.org",
    ]);
  });

  it("may be named in a script of their own", () => {
    assert.deepEqual(hrefs("https://例え.テスト/a をみて"), ["https://xn--r8jz45g.xn--zckzah/a"]);
    assert.deepEqual(hrefs("请看www.example.com。"), ["http://www.example.com/"]);
  });
});
