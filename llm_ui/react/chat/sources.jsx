// What an answer rests on: what is being read while one waits, and a numbered list below it.
// Titles and addresses come from strangers: they are text, and links only with a checked scheme.
import { useContext, useEffect, useLayoutEffect, useState } from "react";
import { StateStoreContext } from "$/utils/context-registry";

import { safeLink } from "../markdown/safe.js";

/** @typedef {{ sources: Lu.Source[], labels: Lu.AnswerLabels }} ListProps */

const NAME = "current_sources_rx_state_";
/** @type {Lu.Source[]} */
const NOTHING = [];
// More than these are folded away.
const SHOWN = 5;
// The reader's own files, the only addresses of this server that are sources.
const OWN_FILE = /^\/api\/v1\/files\/[0-9a-f-]{36}\/content$/;
const useBrowserEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

/**
 * The sources of an answer: while it is live what the store says, then what it was given.
 *
 * @param {{ stateName: string, run: number, live: boolean }} live
 * @param {Lu.Source[]} [given]
 */
export function useSources({ stateName, run, live }, given) {
  const store = useContext(StateStoreContext);
  const [told, setTold] = useState(/** @type {{ g: number, s: Lu.Source[] } | null} */ (null));

  useBrowserEffect(() => {
    if (!live || !run || !store) return undefined;
    const read = () => {
      const value = store.getSnapshot(stateName)?.[NAME];
      if (value?.g === run && Array.isArray(value.s)) setTold(value);
    };
    const stop = store.subscribe(stateName, read);
    read();
    return stop;
  }, [store, stateName, run, live]);

  if (live && told?.g === run) return told.s;
  // An answer that is continued has read before; one that has just ended may know no better yet.
  return given?.length ? given : live ? NOTHING : (told?.s ?? NOTHING);
}

/**
 * @param {string | undefined} label
 * @param {Record<string, unknown>} values
 */
export const fill = (label, values) =>
  String(label ?? "").replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

/** @param {string} [url] */
function hostOf(url) {
  try {
    return new URL(url ?? "").host.replace(/^www\./, "");
  } catch {
    return "";
  }
}

/**
 * "Reading example.org…", for as long as nothing else is to be seen.
 *
 * @param {ListProps} props
 */
export function Reading({ sources, labels }) {
  const open = sources.filter(({ state }) => state === "reading");
  return (
    <ul className="lu-reading" role="status" data-testid="reading">
      {open.map(({ number, url }) => (
        <li key={number}>{url ? fill(labels.reading, { host: hostOf(url) }) : labels.searching}</li>
      ))}
    </ul>
  );
}

/**
 * "Passages 3 to 5 of 40": only a part of the file was used.
 *
 * @param {Lu.Part} part
 * @param {Lu.Labels} labels
 */
function partWords(part, labels) {
  if (!part.first) return fill(labels.some_passages, part);
  return fill(part.first === part.last ? labels.passage : labels.passages, part);
}

/** @param {{ source: Lu.Source, labels: Lu.AnswerLabels }} props */
function Entry({ source, labels }) {
  const { number, url, title, state, problem, part } = source;
  // What the server may not read may be something in the reader's own network.
  const href = problem === "refused" ? null : OWN_FILE.test(url ?? "") ? url : safeLink(url);
  const host = hostOf(url);
  const failed = state === "failed";
  // An address says most in what stands behind the host.
  const words = title || String(url ?? "").replace(/^https?:\/\/(?:www\.)?/i, "");
  return (
    <li className="lu-source" data-state={state} data-source={number} data-testid="source">
      <span className="lu-source__number" aria-hidden="true">
        {number}
      </span>
      <span className="lu-source__words">
        {words &&
          (href ? (
            <a
              className="lu-source__title"
              href={href}
              rel="noopener noreferrer nofollow"
              target="_blank"
              aria-label={`${fill(labels.source, { number })}: ${words}`}
            >
              {words}
            </a>
          ) : (
            <span className="lu-source__title">{words}</span>
          ))}
        {part && (
          <span className="lu-source__host" data-testid="source-part">
            {partWords(part, labels)}
          </span>
        )}
        {title && host && <span className="lu-source__host">{host}</span>}
        {failed && (
          <span className="lu-source__problem" data-testid="source-problem">
            {labels.problems?.[problem ?? ""] ?? problem}
          </span>
        )}
      </span>
    </li>
  );
}

/** @param {ListProps} props */
function List({ sources, labels }) {
  return (
    <ol>
      {sources.map((source) => (
        <Entry key={source.number} source={source} labels={labels} />
      ))}
    </ol>
  );
}

/**
 * The list below an answer; of a long one the rest is folded away.
 *
 * @param {ListProps} props
 */
export function Sources({ sources, labels }) {
  const known = sources.filter(({ state }) => state !== "reading");
  if (!known.length) return null;
  const shown = known.length > SHOWN + 1 ? SHOWN : known.length;
  const rest = known.slice(shown);
  return (
    <section className="lu-sources" aria-label={labels.sources} data-testid="sources">
      <h3 className="lu-sources__title">{labels.sources}</h3>
      <List sources={known.slice(0, shown)} labels={labels} />
      {rest.length > 0 && (
        <details className="lu-sources__more">
          <summary>{fill(labels.more_sources, { count: rest.length })}</summary>
          <List sources={rest} labels={labels} />
        </details>
      )}
    </section>
  );
}
