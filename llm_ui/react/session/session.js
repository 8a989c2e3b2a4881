// Signing in and out over REST, which alone can set the session's cookie.
// No Reflex here: the backend's origin is handed in.

/** @typedef {(origin: string, typed: Record<string, any>) => Promise<any>} Send */

const LOGIN = "/login";

/**
 * `next` if it leads to a page of this site, else `fallback`.
 *
 * @param {unknown} next
 */
export function safeNext(next, fallback = "/chat") {
  // "//host" and "/\host" are other sites to a browser; control characters are dropped by it.
  // eslint-disable-next-line no-control-regex
  if (typeof next !== "string" || !/^\/(?![/\\])[^\\\u0000-\u001f]*$/.test(next)) return fallback;
  return next;
}

/**
 * @param {string} origin
 * @param {string} method
 * @param {string} path
 * @param {{ body?: object, headers?: Record<string, string> }} [more]
 */
async function call(origin, method, path, { body, headers } = {}) {
  const response = await fetch(new URL(path, origin), {
    method,
    credentials: "include",
    headers: {
      Accept: "application/json",
      "Accept-Language": document.documentElement.lang || navigator.language,
      ...(body && { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { code, detail, field, retry_after: retryAfter } = answer;
  throw Object.assign(new Error(detail ?? ""), {
    code,
    field,
    retryAfter,
    status: response.status,
  });
}

/** @type {Send} */
export const signIn = (origin, { email, password }) =>
  call(origin, "POST", "/api/v1/auth/login", { body: { email, password } });

/**
 * `token` is what the link of the start says, for an installation without accounts.
 *
 * @type {Send}
 */
export const register = (origin, { token, email, username, password }) =>
  call(origin, "POST", "/api/v1/auth/register", {
    body: { email, username, password, ...(token && { setup_token: token }) },
  });

/** @type {Send} */
export const join = (origin, { token, email, username, password }) =>
  call(origin, "POST", "/api/v1/auth/invitation/accept", {
    body: { token, email, username, password },
  });

/**
 * `end_keys` is there unless its box was unticked; without keys there is no box.
 *
 * @type {Send}
 */
export const reset = (origin, { token, password, end_keys: ended, keys }) =>
  call(origin, "POST", "/api/v1/auth/reset/accept", {
    body: { token, password, keep_keys: Boolean(keys) && !ended },
  });

/**
 * What a link is for, by its token.
 *
 * @param {string} origin
 * @param {string} mode
 * @param {string} token
 */
export const lookAt = (origin, mode, token) =>
  call(origin, "POST", `/api/v1/auth/${mode === "join" ? "invitation" : "reset"}`, {
    body: { token },
  });

const LINK = "lu-link";

/** The token of the link that led here: boot.js took it out of the address. */
export function linkToken() {
  const inAddress = window.location.hash.slice(1);
  if (inAddress) return inAddress;
  try {
    return sessionStorage.getItem(LINK) ?? "";
  } catch {
    return "";
  }
}

export function forgetLink() {
  try {
    sessionStorage.removeItem(LINK);
  } catch {
    // then there is nothing to forget
  }
}

/** @param {string} origin */
export async function signOut(origin) {
  const { csrf_token: token } = await call(origin, "GET", "/api/v1/auth/me");
  await call(origin, "POST", "/api/v1/auth/logout", { headers: { "X-CSRF-Token": token } });
}

/**
 * The colours that the person chose in another browser, where boot.js looks for them.
 *
 * @param {string} [theme]
 */
export function wear(theme) {
  if (!theme) return;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // a browser that keeps nothing goes by its own colours
  }
}

/**
 * A full page load, so that the websocket is opened anew with the new cookie.
 *
 * @param {string} fallback
 */
export function enter(fallback) {
  const next = new URLSearchParams(window.location.search).get("next");
  window.location.assign(safeNext(next, fallback));
}

export function leave() {
  window.location.assign(LOGIN);
}
