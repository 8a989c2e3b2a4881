// Calls over REST that files need: what is read, and the token for what is written.

/** @type {Promise<string> | null} */
let token = null;

export const language = () => document.documentElement.lang || navigator.language;

/**
 * @param {string} origin
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
export async function read(origin, path, signal) {
  const response = await fetch(new URL(path, origin), {
    credentials: "include",
    headers: { "Accept-Language": language() },
    signal,
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.detail ?? ""), { status: response.status });
}

/**
 * The session's token, asked for once.
 *
 * @param {string} origin
 */
export async function tokenOf(origin) {
  token ??= read(origin, "/api/v1/auth/me").then((me) => me.csrf_token);
  try {
    return await token;
  } catch (error) {
    token = null;
    throw error;
  }
}

/** What was refused is asked for again. */
export function forgetToken() {
  token = null;
}
