import assert from "node:assert/strict";
import { describe, it } from "node:test";

import "./page.js";

const { kindOf } = await import("../../llm_ui/react/files/parts.jsx");
const { sizeOf } = await import("../../llm_ui/react/files/size.js");
const { fileName } = await import("../../llm_ui/react/markdown/code.js");
const { fits, fold, placeOf, saysMore } = await import("../../llm_ui/react/finding/parts.jsx");
const { wantedStart } = await import("../../llm_ui/react/finding/window.jsx");
const { isLong } = await import("../../llm_ui/react/chat/field.js");
const { isSend } = await import("../../llm_ui/react/chat/enter.jsx");
const { plainText } = await import("../../llm_ui/react/chat/plain.js");
const { queryOf } = await import("../../llm_ui/react/prompts/slash.jsx");
const { fillIn, variablesOf } = await import("../../llm_ui/react/prompts/variables.js");
const { roundUp } = await import("../../llm_ui/react/usage/scale.js");

describe("the size of a file", () => {
  for (const [bytes, words] of [
    [0, "0\u00a0bytes"],
    [999, "999\u00a0bytes"],
    [1000, "1\u00a0kB"],
    [1024 * 999, "999\u00a0kB"],
    [1024 * 1000, "1\u00a0MB"],
    [1024 ** 2 * 1.25, "1.3\u00a0MB"],
    [1024 ** 2 * 250, "250\u00a0MB"],
    [1024 ** 3 * 2.5, "2.5\u00a0GB"],
    [1024 ** 4 * 5, "5,120\u00a0GB"],
  ]) {
    it(`${bytes} is ${words}`, () => assert.equal(sizeOf(bytes, "en"), words));
  }

  it("is written as the language does", () => {
    assert.equal(sizeOf(1024 ** 2 * 1.25, "de"), "1,3\u00a0MB");
  });
});

describe("what a file is", () => {
  for (const [type, word] of [
    ["application/pdf", "PDF"],
    ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word"],
    ["image/webp", "WEBP"],
    ["image/svg+xml", "Text"],
    ["text/html", "HTML"],
    ["text/plain", "Text"],
    [undefined, "Text"],
  ]) {
    it(`${type}: ${word}`, () => assert.equal(kindOf({ media_type: type }), word));
  }
});

describe("what a block of code is called as a file", () => {
  for (const [lang, given, name] of [
    ["python", "", "code.py"],
    ["python", "app.py", "app.py"],
    ["dockerfile", "", "Dockerfile"],
    ["zig", "", "code.zig"],
    ["", "", "code.txt"],
    ["../../x", "", "code.txt"],
    ["c++", undefined, "code.cpp"],
    ["constructor", "", "code.txt"],
    ["__proto__", "", "code.txt"],
  ]) {
    it(`${lang || "without a language"}: ${name}`, () => assert.equal(fileName(lang, given), name));
  }
});

describe("words that are compared", () => {
  it("are without capitals, marks and widths", () => {
    assert.equal(fold("ÄpFeL"), "apfel");
    assert.equal(fold("Ｆｕｌｌ"), "full");
  });

  it("fit when each of them stands somewhere", () => {
    assert.ok(fits("über tage", "Tagebuch überall"));
    assert.ok(!fits("tage nacht", "Tagebuch"));
    assert.ok(fits("", "anything"));
  });
});

describe("what was found", () => {
  const piece = (text) => [{ text, hit: false }];

  it("is at its message, or at the chat", () => {
    assert.equal(placeOf({ chat_id: "c", message_id: "m" }), "/chat/c?at=m");
    assert.equal(placeOf({ chat_id: "c", message_id: null }), "/chat/c");
  });

  it("says more than the title unless it is its words", () => {
    assert.ok(!saysMore({ title: piece("How to"), snippet: piece("…How to…") }));
    assert.ok(saysMore({ title: piece("How to"), snippet: piece("How to do it") }));
  });
});

describe("the part of a list that is asked for next", () => {
  const there = { start: 200, count: 100, total: 500 };

  it("is none while there is enough around what is seen", () => {
    assert.equal(wantedStart(there, 40, 40, 20), null);
    assert.equal(wantedStart({ start: 0, count: 100, total: 100 }, 0, 0, 20), null);
  });

  it("has what is seen in its middle", () => {
    assert.equal(wantedStart(there, 5, 75, 20), 165);
    assert.equal(wantedStart(there, 75, 5, 20), 235);
  });

  it("never begins before the first row or behind the last one", () => {
    assert.equal(wantedStart({ start: 20, count: 100, total: 500 }, 1, 79, 20), 0);
    assert.equal(wantedStart(there, 900, -700, 20), 499);
  });

  it("is none at the ends, where there is nothing more", () => {
    assert.equal(wantedStart({ start: 0, count: 100, total: 500 }, 2, 78, 20), null);
  });
});

describe("a text that is too long for the field", () => {
  it("is one of many characters or of many lines", () => {
    assert.ok(isLong("x".repeat(50_001)));
    assert.ok(!isLong("x".repeat(50_000)));
    assert.ok(isLong("\n".repeat(2000)));
    assert.ok(!isLong("\n".repeat(1999)));
  });
});

describe("the key that sends", () => {
  const press = (more = {}) => isSend({ key: "Enter", keyCode: 13, ...more });
  const screen = (touch) => {
    globalThis.matchMedia = () => ({ matches: touch });
  };

  it("is Enter at a desk, and with Ctrl or Cmd on a screen's keyboard", () => {
    screen(false);
    assert.ok(press());
    screen(true);
    assert.ok(!press());
    assert.ok(press({ ctrlKey: true }));
    assert.ok(press({ metaKey: true }));
  });

  it("is what its owner has chosen", () => {
    screen(true);
    localStorage.setItem("lu-enter", "send");
    assert.ok(press());
    screen(false);
    localStorage.setItem("lu-enter", "line");
    assert.ok(!press());
    localStorage.setItem("lu-enter", "nonsense");
    assert.ok(press());
    localStorage.removeItem("lu-enter");
  });

  it("is none with Shift or Alt, nor while an input method has the key", () => {
    screen(false);
    assert.ok(!press({ shiftKey: true }));
    assert.ok(!press({ altKey: true }));
    assert.ok(!press({ isComposing: true }));
    assert.ok(!press({ nativeEvent: { isComposing: true } }));
    assert.ok(!press({ keyCode: 229 }));
    assert.ok(!press({ key: "a" }));
  });
});

describe("the plain text of an answer", () => {
  const plain = (html) => {
    const root = document.createElement("div");
    root.innerHTML = html;
    return plainText(root);
  };

  it("has blank lines between paragraphs, and signs before items", () => {
    assert.equal(plain("<p>a\n b</p><p>c<br>d</p>"), "a b\n\nc\nd");
    assert.equal(
      plain('<ol start="3"><li><p>a</p><ul><li><p>b</p></li></ul></li><li><p>c</p></li></ol>'),
      "3. a\n  - b\n4. c",
    );
  });

  it("keeps code as it is and leaves its buttons out", () => {
    assert.equal(
      plain(
        '<p>a</p><div class="lu-md-code"><div class="lu-md-code-head">js</div>' +
          "<pre><code>x\n  y\n</code></pre></div><p>b</p>",
      ),
      "a\n\nx\n  y\n\nb",
    );
    assert.equal(plain("<p>a<button>1</button></p>"), "a");
  });

  it("has tabs between the cells of a table, and a formula as it was written", () => {
    assert.equal(
      plain("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"),
      "a\tb\n1\t2",
    );
    assert.equal(
      plain('<p><span class="katex">junk<annotation>x^2</annotation></span></p>'),
      "x^2",
    );
  });
});

describe("prompts", () => {
  it("are asked for by a slash at the beginning of one short line", () => {
    assert.equal(queryOf("/"), "");
    assert.equal(queryOf("/ sum up "), "sum up");
    assert.equal(queryOf("a/b"), null);
    assert.equal(queryOf("/a\nb"), null);
    assert.equal(queryOf(`/${"a".repeat(61)}`), null);
  });

  it("name each variable once, in the order of use", () => {
    assert.deepEqual(variablesOf("{{b}} {{ a }} {{b}} {{}} {{ }} {{a\nb}}"), ["b", "a"]);
    assert.deepEqual(variablesOf(`{{${"x".repeat(40)}}} {{${"y".repeat(41)}}}`), ["x".repeat(40)]);
  });

  it("take the values of those that have one, and nothing inherited", () => {
    assert.equal(fillIn("{{a}} {{ b }}", { a: "$& {{b}}" }), "$& {{b}} {{ b }}");
    assert.equal(fillIn("{{constructor}}", {}), "{{constructor}}");
  });
});

describe("where a scale ends", () => {
  it("is the next number that halves well", () => {
    for (const [value, end] of [
      [1, 1],
      [11, 20],
      [61, 80],
      [999, 1000],
      [0.3, 0.3],
      [7.2, 8],
    ]) {
      assert.ok(Math.abs(roundUp(value) - end) < 1e-9, `${value}`);
    }
  });
});
