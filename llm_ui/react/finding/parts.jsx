// What is found comes in parts, each a text that is a hit or not: never as markup.
import { Link } from "react-router";

import { RelativeTime } from "../chat/small.jsx";

/** @param {{ parts?: Lu.Piece[] }} props */
export function Parts({ parts }) {
  return (parts ?? []).map(({ text, hit }, place) =>
    hit ? <mark key={place}>{text}</mark> : <span key={place}>{text}</span>,
  );
}

/**
 * Small letters without marks, as the server compares them.
 *
 * @param {string} text
 */
export const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * Whether each word of `query` stands somewhere in `text`.
 *
 * @param {string} query
 * @param {string} text
 */
export const fits = (query, text) => {
  const here = fold(text);
  return fold(query)
    .split(/\s+/)
    .every((word) => here.includes(word));
};

/**
 * The address of what was found: of the message, where it is one.
 *
 * @param {Lu.Hit} hit
 */
export const placeOf = (hit) =>
  hit.message_id ? `/chat/${hit.chat_id}?at=${hit.message_id}` : `/chat/${hit.chat_id}`;

/** @param {Lu.Piece[]} [parts] */
const wordsOf = (parts) =>
  (parts ?? [])
    .map(({ text }) => text)
    .join("")
    .replace(/^…|…$/g, "")
    .trim();

/**
 * Whether the place that fits best says more than the title, which often is its first words.
 *
 * @param {Lu.Hit} hit
 */
export const saysMore = ({ title, snippet }) => wordsOf(snippet) !== wordsOf(title);

/**
 * Chats that were found, each with the place that fits best.
 *
 * @param {{ hits?: Lu.Hit[], untitled: string, archivedLabel: string }} props
 */
export function FoundList({ hits, untitled, archivedLabel }) {
  return (hits ?? []).map((hit) => (
    <Link key={hit.chat_id} className="lu-found" to={placeOf(hit)} data-testid="found">
      <span className="lu-row lu-baseline lu-gap-2">
        <span className="lu-found__title">
          {hit.title.some(({ text }) => text) ? <Parts parts={hit.title} /> : untitled}
        </span>
        {hit.archived && <span className="lu-badge">{archivedLabel}</span>}
        <span className="lu-found__when">
          <RelativeTime iso={hit.at} />
        </span>
      </span>
      {hit.snippet.length > 0 && saysMore(hit) && (
        <span className="lu-found__text">
          <Parts parts={hit.snippet} />
        </span>
      )}
    </Link>
  ));
}
