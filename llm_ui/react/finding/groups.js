// What the palette shows for what is typed: chats, actions and models, in groups.
import { fits, placeOf, saysMore } from "./parts.jsx";

/** @typedef {{ id: string, title: string, updated_at?: string }} Chat */
/** @typedef {{ id: string, name: string, provider: string, available: boolean }} Model */
/**
 * @typedef {{
 *   id: string, label: string, words?: string, icon?: string, href?: string, act?: string,
 *   value?: string
 * }} Command
 */
/**
 * @typedef {Partial<Command> & {
 *   kind: string, id: string, to?: string, parts: Lu.Piece[], text: Lu.Piece[]
 * }} Item
 */
/**
 * @typedef {{
 *   query: string, commands: Command[], chats: Chat[], models: Model[],
 *   known?: Lu.Hit[] | null, labels: Lu.Labels
 * }} Asked
 */

const RECENT = 7;
const MODELS = 8;

/**
 * @param {string} text
 * @returns {Lu.Piece[]}
 */
const plain = (text) => [{ text, hit: false }];

/**
 * The groups to show; `known` are the hits of the server for this very query, or null.
 *
 * @param {Asked} asked
 * @returns {{ name: string, items: Item[] }[]}
 */
export function groupsOf({ query, commands, chats, models, known, labels }) {
  const asked = query.trim();
  /** @param {Chat} chat */
  const named = (chat) => chat.title || labels.untitled;
  // Pinned ones stand first in the sidebar; here the latest do.
  const latest = [...chats].sort((one, other) =>
    (other.updated_at ?? "").localeCompare(one.updated_at ?? ""),
  );
  const local = latest
    .filter((chat) => !asked || fits(asked, named(chat)))
    .slice(0, RECENT)
    .map((chat) => ({ kind: "chat", id: chat.id, parts: plain(named(chat)), text: [] }));
  const found = (known ?? []).map((hit) => ({
    kind: hit.archived ? "archived" : "chat",
    id: hit.chat_id,
    to: placeOf(hit),
    parts: hit.title.some(({ text }) => text) ? hit.title : plain(labels.untitled),
    text: saysMore(hit) ? hit.snippet : [],
  }));
  const acts = commands
    .filter((each) => !asked || fits(asked, `${each.label} ${each.words ?? ""}`))
    .map((each) => ({ kind: "command", ...each, parts: plain(each.label), text: [] }));
  const answering = asked
    ? models
        .filter((each) => each.available && fits(asked, `${each.name} ${each.provider}`))
        .slice(0, MODELS)
        .map((each) => ({
          kind: "model",
          id: each.id,
          parts: plain(each.name),
          text: plain(each.provider),
        }))
    : [];
  return [
    { name: asked ? labels.chats : labels.recent, items: asked && known ? found : local },
    { name: labels.commands, items: acts },
    { name: labels.models, items: answering },
  ].filter(({ items }) => items.length);
}
