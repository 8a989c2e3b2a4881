import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";

import "./page.js";

const { dresser } = await import("../../llm_ui/react/markdown/dress.js");
const { Renderer } = await import("../../llm_ui/react/markdown/renderer.js");
const { patchChildren } = await import("../../llm_ui/react/markdown/patch.js");
const { toFragment } = await import("../../llm_ui/react/markdown/safe.js");

const box = () => document.createElement("div");

function shown(pieces) {
  const container = box();
  const renderer = new Renderer(container, () => undefined);
  for (const piece of pieces) {
    renderer.append(piece);
    renderer.paint();
  }
  renderer.paint(true);
  // How code that grows is grouped is for its layout alone.
  for (const group of container.querySelectorAll(".lu-md-code-lines")) {
    group.replaceWith(...group.childNodes);
  }
  return container.innerHTML;
}

const inPieces = (text, size) => text.match(new RegExp(`[^]{1,${size}}`, "gu"));

const TEXTS = {
  "paragraphs with marks": "One **two** and `three`.\n\nFour [five](https://example.org) *six*.\n",
  "a list that turns loose": "1. one\n2. two\n   - in\n   - it\n\n3. three\n\n   more\n\nend\n",
  "a long list": Array.from({ length: 60 }, (_, n) => `- item ${n} **b**\n`).join("") + "\nend",
  "a table": "|a|b|\n|-|-|\n" + "|1|`x`|\n".repeat(12) + "\nend\n",
  "code in a fence": "before\n\n```py\nif a:\n\n    b()\n```\n\nafter\n",
  "code with blank lines at its end": "```\na\n\n\n```\n\n~~~\n\n~~~\n\nafter\n",
  "code in a fence that never closes": "before\n\n```py\nif a:\n    b()\n",
  maths: "so\n\n$$\na\n- b\n$$\n\nand $x^2$ costs $5.\n",
  "details with a fence": "<details>\n<summary>S</summary>\n\n```\nx\n```\n\n</details>\n\nend\n",
  footnotes: "a[^1] b[^n]\n\n[^1]: first\n[^n]: second\n\n    more\n",
  "a link that is defined later":
    "see [this][x] and [that]\n\ntext\n\n[x]: https://a.org\n[that]: https://b.org\n",
  "a heading of two lines": "Title\n=====\n\ntext\n\n***\n\n> quote\n> more\n",
  "lines that end as on Windows": "one\r\ntwo\r\n\r\n- a\r\n- b\r\n",
  "emoji and CJK": "**重要。**です 👩‍👩‍👧 *b*\n\n中文https://a.org。\n",
};

describe("an answer looks the same however it came", () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    it(name, () => {
      const whole = shown([text]);
      for (const size of [1, 3, 7, 40]) {
        assert.equal(shown(inPieces(text, size)), whole, `in pieces of ${size}`);
      }
    });
  }
});

describe("finished blocks", () => {
  it("are nodes that stay while the answer goes on", () => {
    const container = box();
    const renderer = new Renderer(container, () => undefined);
    renderer.append("one\n\ntwo\n\nthr");
    renderer.paint();
    const [first, second] = container.childNodes;
    renderer.append("ee\n\nfour\n");
    renderer.paint();
    renderer.paint(true);
    assert.equal(container.childNodes[0], first);
    assert.equal(container.childNodes[1], second);
    assert.equal(container.children.length, 4);
  });

  it("are dressed once for good, each of them", () => {
    const dressed = [];
    const container = box();
    const renderer = new Renderer(container, (root, final) => {
      if (final && root !== container) dressed.push(root.textContent);
    });
    for (const piece of inPieces("one\n\ntwo\n\n```\nx\n```\n\nend\n", 3)) {
      renderer.append(piece);
      renderer.paint();
    }
    renderer.paint(true);
    assert.deepEqual(
      dressed.map((text) => text.trim()),
      ["one", "two", "x", "end"],
    );
  });

  it("far from the end are marked as such", () => {
    const container = box();
    const renderer = new Renderer(container, () => undefined);
    renderer.append("text\n\n".repeat(30));
    renderer.paint(true);
    assert.equal(container.querySelectorAll(".lu-md-far").length, 30 - 24);
    assert.ok(container.firstElementChild.classList.contains("lu-md-far"));
  });
});

describe("a reference to a footnote", () => {
  it("is called by its name, whatever that is", () => {
    const container = box();
    const labels = { copy: "", copied: "", loadImage: "", footnote: "Footnote {name}" };
    const renderer = new Renderer(container, dresser(container, labels));
    renderer.append("a[^$&]\n\n[^$&]: note\n");
    renderer.paint(true);
    assert.equal(container.querySelector(".lu-md-ref").getAttribute("aria-label"), "Footnote $&");
  });
});

describe("a text that cannot be shown as what it means", () => {
  it("is shown as it is, and goes on growing", () => {
    const container = box();
    const renderer = new Renderer(container, () => {
      throw new Error("broken");
    });
    const said = mock.method(console, "error", () => undefined);
    renderer.append("one **two**\n\n");
    renderer.paint();
    renderer.append("three");
    renderer.paint(true);
    said.mock.restore();
    assert.equal(container.textContent, "one **two**\n\nthree");
    assert.equal(container.querySelector(".lu-md-plain").dir, "auto");
    assert.equal(said.mock.callCount(), 1);
  });

  it("is tried anew with the next text", () => {
    const container = box();
    let broken = true;
    const renderer = new Renderer(container, () => {
      if (broken) throw new Error("broken");
    });
    const said = mock.method(console, "error", () => undefined);
    renderer.append("a");
    renderer.paint(true);
    said.mock.restore();
    broken = false;
    renderer.replace("**b**");
    renderer.paint(true);
    assert.equal(container.innerHTML, "<p><strong>b</strong></p>");
  });
});

describe("nodes that are brought to another shape", () => {
  const patched = (before, after) => {
    const parent = box();
    parent.innerHTML = before;
    const kept = parent.firstChild;
    const next = box();
    next.innerHTML = after;
    patchChildren(parent, 0, [...next.childNodes]);
    return { html: parent.innerHTML, isKept: parent.firstChild === kept };
  };

  it("are the same nodes where their kind is", () => {
    assert.deepEqual(patched("<p>a</p>", "<p>ab</p>"), { html: "<p>ab</p>", isKept: true });
    assert.deepEqual(patched("<p>a</p>", "<h1>a</h1>"), { html: "<h1>a</h1>", isKept: false });
    assert.deepEqual(patched("<p>a</p><p>b</p>", "<p>a</p>"), { html: "<p>a</p>", isKept: true });
  });

  it("keep what the reader has set, and lose other attributes", () => {
    assert.equal(
      patched('<details open="" class="x">a</details>', "<details>a</details>").html,
      '<details open="">a</details>',
    );
    assert.equal(
      patched('<div data-folded="" title="t">a</div>', '<div lang="de">a</div>').html,
      '<div data-folded="" lang="de">a</div>',
    );
  });
});

describe("the way from a text to nodes", () => {
  const made = (html, profile) => {
    const parent = box();
    parent.append(toFragment(html, profile));
    return parent.innerHTML;
  };

  it("leaves nothing that runs, whatever the HTML says", () => {
    assert.equal(made('<p onclick="x()">a</p>'), "<p>a</p>");
    assert.equal(made("<p>a<script>x()</script></p>"), "<p>a</p>");
    assert.equal(made('<a href="javascript:x()">a</a>').includes("javascript"), false);
    assert.equal(made('<img src="https://a.org/x.png" alt="a">'), '<img alt="a">');
    assert.equal(made("<iframe src='https://a.org'></iframe>"), "");
    assert.equal(made('<input type="text" value="x">'), '<input type="checkbox" disabled="">');
  });

  it("lets links open elsewhere only", () => {
    const link = made('<a href="https://a.org/ä" target="_self">a</a>');
    assert.match(link, /target="_blank"/);
    assert.match(link, /rel="noopener noreferrer nofollow"/);
  });

  it("takes colours of code and nothing else", () => {
    assert.equal(
      made('<span class="hljs-x">a</span><b>b</b>', "code"),
      '<span class="hljs-x">a</span>b',
    );
  });
});
