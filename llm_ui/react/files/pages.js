// The person's files page by page, over REST.
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { backendOrigin } from "../session/backend.js";
import { read } from "./rest.js";

/** @typedef {{ state: string, items: Lu.File[], cursor: string | null }} Pages */

const PAGE = 30;
const REST_MS = 200;

/**
 * @param {string} query
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<{ items: Lu.File[], next_cursor: string | null }>}
 */
function pageOf(query, cursor, signal) {
  const asked = new URLSearchParams({ limit: String(PAGE) });
  if (query) asked.set("q", query);
  if (cursor) asked.set("cursor", cursor);
  return read(backendOrigin(), `/api/v1/files?${asked}`, signal);
}

/**
 * [list, load the next page or try again]: the pages of a search. `state` is searching, paging,
 * ready or failed; what was found before stays while one searches, so that nothing jumps.
 *
 * @param {string} query
 * @returns {[Pages, () => void]}
 */
export function usePages(query) {
  const [list, setList] = useState(
    /** @type {Pages} */ ({ state: "searching", items: [], cursor: null }),
  );
  const asked = useRef(/** @type {AbortController | null} */ (null));

  /**
   * @param {string | null} cursor
   * @param {Lu.File[]} before
   */
  const load = (cursor, before) => {
    asked.current?.abort();
    asked.current = new AbortController();
    const { signal } = asked.current;
    setList(({ items }) => ({ state: cursor ? "paging" : "searching", items, cursor }));
    pageOf(query, cursor, signal)
      .then((page) => {
        if (signal.aborted) return;
        const known = new Set(before.map(({ id }) => id));
        const fresh = page.items.filter(({ id }) => !known.has(id));
        setList({ state: "ready", items: [...before, ...fresh], cursor: page.next_cursor });
      })
      .catch(() => {
        if (!signal.aborted) setList({ state: "failed", items: before, cursor });
      });
  };

  const begin = useEffectEvent(() => load(null, []));
  useEffect(() => {
    const timer = setTimeout(() => begin(), query ? REST_MS : 0);
    return () => clearTimeout(timer);
  }, [query]);
  useEffect(() => () => asked.current?.abort(), []);

  const more = () => load(list.cursor, list.cursor ? list.items : []);
  return [list, more];
}
