import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { groupsOf } from "../../llm_ui/react/finding/groups.js";

const labels = {
  chats: "Chats",
  recent: "Recent",
  commands: "Actions",
  models: "Models",
  untitled: "New chat",
};
const chats = [
  { id: "old", title: "Über Äpfel", updated_at: "2026-01-01" },
  { id: "new", title: "", updated_at: "2026-03-01" },
  { id: "mid", title: "Pears", updated_at: "2026-02-01" },
];
const commands = [
  { id: "files", label: "Files", words: "documents", href: "/files" },
  { id: "dark", label: "Dark colours", act: "theme", value: "dark" },
];
const models = [
  { id: "1", name: "Apfel 7B", provider: "Ollama", available: true },
  { id: "2", name: "Apfel 70B", provider: "Ollama", available: false },
];
const groups = (query, known = null) =>
  groupsOf({ query, commands, chats, models, known, labels }).map(({ name, items }) => [
    name,
    items.map(({ id }) => id),
  ]);
const piece = (text) => [{ text, hit: true }];

describe("what the palette shows", () => {
  it("is the latest chats and all actions before anything is typed", () => {
    assert.deepEqual(groups(""), [
      ["Recent", ["new", "mid", "old"]],
      ["Actions", ["files", "dark"]],
    ]);
  });

  it("is what the words fit, by what it is called or is to be found by", () => {
    assert.deepEqual(groups("apfel"), [
      ["Chats", ["old"]],
      ["Models", ["1"]],
    ]);
    assert.deepEqual(groups(" document "), [["Actions", ["files"]]]);
    assert.deepEqual(groups("new chat"), [["Chats", ["new"]]]);
    assert.deepEqual(groups("nowhere"), []);
  });

  it("is what the server has found once it has answered, also when that is nothing", () => {
    const hit = { chat_id: "c", message_id: "m", title: piece("Pears"), snippet: piece("ripe") };
    const [{ items }] = groupsOf({ query: "pears", commands, chats, models, known: [hit], labels });
    assert.deepEqual(items, [
      { kind: "chat", id: "c", to: "/chat/c?at=m", parts: hit.title, text: hit.snippet },
    ]);
    assert.deepEqual(groups("pears", []), []);
  });

  it("names what is archived, what has no title, and leaves out what the title says", () => {
    const hit = { chat_id: "c", archived: true, title: piece(""), snippet: piece("") };
    const [{ items }] = groupsOf({ query: "x", commands: [], chats, models, known: [hit], labels });
    assert.equal(items[0].kind, "archived");
    assert.deepEqual(items[0].parts, [{ text: "New chat", hit: false }]);
    assert.deepEqual(items[0].text, []);
  });

  it("is not more than one can look at", () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ id: `${n}`, title: `Chat ${n}` }));
    const [{ items }] = groupsOf({ query: "", commands, chats: many, models, labels });
    assert.equal(items.length, 7);
  });
});
