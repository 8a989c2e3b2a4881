import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import "./page.js";

const { linkToken, forgetLink, lookAt, register, reset, safeNext, signIn, signOut, wear } =
  await import("../../llm_ui/react/session/session.js");

const ORIGIN = "http://localhost:8000";
let calls;
let answer;

describe("signing in and out", () => {
  beforeEach(() => {
    calls = [];
    answer = { status: 200, body: "{}" };
    mock.method(globalThis, "fetch", async (url, options) => {
      calls.push({ url: String(url), ...options });
      return new Response(answer.body, { status: answer.status });
    });
  });
  afterEach(() => mock.restoreAll());

  const sent = () => JSON.parse(calls.at(-1).body);

  describe("where to go after signing in", () => {
    const good = ["/", "/chat", "/chat/1?at=2#x", "/a//b", "/projekte/ä"];
    for (const next of good) it(`goes to ${next}`, () => assert.equal(safeNext(next), next));

    const bad = [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "javascript:alert(1)",
      "",
      "chat",
      "/\t/evil.example",
      "/a\\b",
      "/a\nb",
      null,
      undefined,
      3,
      ["/chat"],
    ];
    for (const next of bad) {
      it(`goes to the fallback for ${JSON.stringify(next)}`, () => {
        assert.equal(safeNext(next), "/chat");
        assert.equal(safeNext(next, "/setup"), "/setup");
      });
    }
  });

  describe("calls of the session", () => {
    it("send what was typed, with cookies, as JSON", async () => {
      await signIn(ORIGIN, { email: "a@b.c", password: "secret", other: "x" });
      const [call] = calls;
      assert.equal(call.url, `${ORIGIN}/api/v1/auth/login`);
      assert.equal(call.credentials, "include");
      assert.equal(call.headers["Content-Type"], "application/json");
      assert.equal(call.headers["Accept-Language"], "en");
      assert.deepEqual(sent(), { email: "a@b.c", password: "secret" });
    });

    it("name the token of the start only where there is one", async () => {
      const typed = { email: "a@b.c", username: "a", password: "p" };
      await register(ORIGIN, typed);
      assert.deepEqual(sent(), typed);
      await register(ORIGIN, { ...typed, token: "t" });
      assert.deepEqual(sent(), { ...typed, setup_token: "t" });
    });

    it("keep the API keys of an account only if its box was unticked", async () => {
      const kept = async (typed) => {
        await reset(ORIGIN, { token: "t", password: "p", ...typed });
        return sent().keep_keys;
      };
      assert.equal(await kept({ keys: 2, end_keys: "on" }), false);
      assert.equal(await kept({ keys: 2 }), true);
      assert.equal(await kept({ keys: 0 }), false);
    });

    it("look at a link by what it is for", async () => {
      await lookAt(ORIGIN, "join", "t");
      assert.equal(calls.at(-1).url, `${ORIGIN}/api/v1/auth/invitation`);
      await lookAt(ORIGIN, "reset", "t");
      assert.equal(calls.at(-1).url, `${ORIGIN}/api/v1/auth/reset`);
    });

    it("sign out with the session's token", async () => {
      answer.body = '{"csrf_token": "c"}';
      await signOut(ORIGIN);
      assert.deepEqual(
        calls.map(({ method }) => method),
        ["GET", "POST"],
      );
      assert.equal(calls[1].headers["X-CSRF-Token"], "c");
    });

    it("tell what was refused, and why", async () => {
      answer = {
        status: 422,
        body: '{"code": "invalid_input", "detail": "Too short.", "field": "password", "retry_after": 3}',
      };
      await assert.rejects(signIn(ORIGIN, {}), {
        message: "Too short.",
        code: "invalid_input",
        field: "password",
        retryAfter: 3,
        status: 422,
      });
    });

    it("take an answer that is no JSON for a refusal without words", async () => {
      answer = { status: 502, body: "<html>" };
      await assert.rejects(signIn(ORIGIN, {}), { message: "", status: 502 });
    });
  });

  describe("the token of a link", () => {
    beforeEach(() => {
      sessionStorage.clear();
      window.location.hash = "";
    });

    it("is what the address says, else what was kept of it, else nothing", () => {
      assert.equal(linkToken(), "");
      sessionStorage.setItem("lu-link", "kept");
      assert.equal(linkToken(), "kept");
      window.location.hash = "#new";
      assert.equal(linkToken(), "new");
    });

    it("is forgotten", () => {
      sessionStorage.setItem("lu-link", "kept");
      forgetLink();
      assert.equal(linkToken(), "");
    });
  });

  describe("the colours of a person", () => {
    it("are kept where the next page looks for them, unless there are none", () => {
      wear("dark");
      wear("");
      wear(undefined);
      assert.equal(localStorage.getItem("theme"), "dark");
    });
  });
});
