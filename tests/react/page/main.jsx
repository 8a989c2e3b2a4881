// What the tests take hold of: the components on a bare page, and their parts.
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import { DispatchContext, StateStoreContext, createStore } from "$/utils/context-registry";

import { Answer } from "../../../llm_ui/react/chat/answer.jsx";
import { MessageChanges } from "../../../llm_ui/react/chat/changes.jsx";
import { EnterChoice } from "../../../llm_ui/react/chat/enter.jsx";
import { Composer } from "../../../llm_ui/react/chat/composer.jsx";
import { ChatLog } from "../../../llm_ui/react/chat/log.jsx";
import { CopyButton, RelativeTime } from "../../../llm_ui/react/chat/small.jsx";
import { dresser } from "../../../llm_ui/react/markdown/dress.js";
import { mend } from "../../../llm_ui/react/markdown/mend.js";
import { Renderer } from "../../../llm_ui/react/markdown/renderer.js";
import { toFragment } from "../../../llm_ui/react/markdown/safe.js";
import { AuthForm, SetupForm, SignOutButton } from "../../../llm_ui/react/session/auth.jsx";
import { safeNext } from "../../../llm_ui/react/session/session.js";
import "../../../assets/styles/base/tokens.css";
import "../../../assets/styles/columns/accounts/sign-in.css";
import "../../../assets/styles/columns/answers/composer.css";
import "../../../assets/styles/columns/answers/markdown.css";
import "../../../assets/styles/columns/answers/markdown-code.css";
import "../../../assets/styles/columns/answers/markdown-embeds.css";
import "../../../assets/styles/columns/answers/thinking.css";
import "../../../assets/styles/columns/chats/conversation.css";
import "../../../assets/styles/utilities/layout.css";
import "../../../assets/styles/utilities/text.css";
import "./page.css";

const KINDS = {
  Answer,
  AuthForm,
  SetupForm,
  ChatLog,
  Composer,
  CopyButton,
  EnterChoice,
  MessageChanges,
  RelativeTime,
  SignOutButton,
};
const LABELS = { copy: "Copy", copied: "Copied", loadImage: "Load image" };
const STATE = "app___chat_state";

const store = createStore();
const dispatchers = { [STATE]: (delta) => store.push(STATE, delta) };
const root = createRoot(document.getElementById("root"));
const events = [];
const shown = {};

const recorder =
  (name) =>
  (...args) =>
    events.push([name, ...args]);

// Properties named "on…" are recorded; children are given as HTML-free descriptions.
function element({ kind, props = {}, children = [] }, index) {
  if (!KINDS[kind]) {
    const Tag = kind;
    return (
      <Tag key={props.key ?? index} {...props}>
        {children.map((child, at) => (typeof child === "string" ? child : element(child, at)))}
      </Tag>
    );
  }
  const Kind = KINDS[kind];
  const wired = { ...props };
  for (const name of wired.events ?? []) wired[name] = recorder(name);
  delete wired.events;
  return (
    <Kind key={props.key ?? index} {...wired}>
      {children.map(element)}
    </Kind>
  );
}

function show(...things) {
  shown.things = things;
  flushSync(() =>
    root.render(
      <StateStoreContext value={store}>
        <DispatchContext value={dispatchers}>{things.map(element)}</DispatchContext>
      </StateStoreContext>,
    ),
  );
}

function container() {
  const box = document.createElement("div");
  box.className = "lu-md";
  document.body.append(box);
  return box;
}

/** The DOM of `text`, given at once or in the pieces that `cut` makes of it. */
function render(text, pieces = null) {
  const box = container();
  const renderer = new Renderer(box, dresser(box, LABELS));
  const frames = [];
  for (const piece of pieces ?? [text]) {
    renderer.append(piece);
    if (!pieces) continue;
    renderer.paint();
    frames.push(box.innerHTML);
  }
  renderer.paint(true);
  return { html: box.innerHTML, frames, box };
}

/** The DOM that a string becomes. */
function fragment(html) {
  const box = document.createElement("div");
  box.append(toFragment(html));
  return box.innerHTML;
}

window.lab = {
  fragment,
  Renderer,
  STATE,
  dresser: (box) => dresser(box, LABELS),
  events,
  mend,
  state: () => store.getSnapshot(STATE),
  push: (delta) => store.push(STATE, delta),
  render: (text, pieces) => {
    const { html, frames, box } = render(text, pieces);
    box.remove();
    return { html, frames };
  },
  keep: render,
  safeNext,
  show,
};
