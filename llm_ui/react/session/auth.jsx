// The forms to sign in and to create an account, and the way out.
import { useEffect, useEffectEvent, useId, useRef, useState } from "react";

import { Icon } from "../chat/icons.jsx";
import { forgetAll } from "../chat/outbox.js";
import { backendOrigin } from "./backend.js";
import { Field } from "./field.jsx";
import {
  enter,
  forgetLink,
  join,
  leave,
  linkToken,
  lookAt,
  register,
  reset,
  signIn,
  signOut,
  wear,
} from "./session.js";

/**
 * What a link says already: its token, the e-mail that it is for, how many API keys its
 * account has.
 * @typedef {{ token?: string, email?: string, keys?: number }} Known
 */
/**
 * @typedef {Lu.Children & {
 *   labels?: Lu.Labels & { ended?: Lu.Labels }, next?: string
 * }} FormProps
 */

/** @type {Record<string, import("./session.js").Send>} */
const SEND = { login: signIn, register, join, reset };

/** @param {Known} [known] */
const keep = (known) => ({ token: known?.token, keys: known?.keys });

/**
 * `known` is what a link says already: its token, the e-mail that it is for, how many API keys
 * its account has.
 *
 * @param {FormProps & { mode?: string, known?: Known }} props
 */
export function AuthForm({ mode = "login", labels = {}, next = "/chat", known, children }) {
  const form = useRef(/** @type {HTMLFormElement} */ (/** @type {unknown} */ (null)));
  const keysId = useId();
  // Before the page is alive a submit would leave it, so the button waits for that.
  const [ready, setReady] = useState(false);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const [error, setError] = useState(/** @type {{ text: string, field?: string } | null} */ (null));
  // Why somebody is here who was signed in a moment ago: a word in the address.
  const [ended, setEnded] = useState("");
  const registering = mode === "register" || mode === "join";
  const choosing = registering || mode === "reset";

  useEffect(() => {
    setReady(true);
    setEnded(new URLSearchParams(window.location.search).get("ended") ?? "");
    // On a touch screen this would bring up the keyboard over the page.
    if (matchMedia("(pointer: fine)").matches)
      form.current.querySelector("input:not([readonly])")?.focus();
  }, []);

  /** @param {React.FormEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    setEnded("");
    const typed = Object.fromEntries(new FormData(form.current));
    try {
      const { theme } = await SEND[mode](backendOrigin(), { ...typed, ...keep(known) });
      wear(theme);
      if (known) forgetLink();
      enter(next);
    } catch (thrown) {
      const failure = /** @type {Lu.Failure} */ (thrown);
      // Without a status nobody answered; the words for that are the page's own.
      setError({ text: failure.status ? failure.message : "", field: failure.field });
      setBusy(false);
      const { elements } = form.current;
      const field = elements.namedItem(failure.field ?? "") ?? elements.namedItem("password");
      /** @type {HTMLElement | null} */ (field)?.focus();
    }
  };

  const words = error && (error.text || labels.unreachable);
  return (
    <form className="lu-stack lu-gap-4" ref={form} method="post" onSubmit={submit} aria-busy={busy}>
      {labels.ended && Object.hasOwn(labels.ended, ended) && (
        <p role="status" className="lu-auth-ended" data-testid="ended">
          {labels.ended[ended]}
        </p>
      )}
      <Field
        name="email"
        mode={mode}
        label={labels.email}
        invalid={error?.field === "email"}
        type="email"
        autoComplete={registering ? "email" : "username"}
        {...(known?.email && { value: known.email, readOnly: true })}
        inputMode="email"
        autoCapitalize="none"
        spellCheck={false}
      />
      {registering && (
        <Field
          name="username"
          mode={mode}
          label={labels.username}
          hint={labels.username_hint}
          invalid={error?.field === "username"}
          type="text"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
      <Field
        name="password"
        mode={mode}
        label={labels.password}
        hint={choosing ? labels.password_hint : undefined}
        invalid={error?.field === "password"}
        type={shown ? "text" : "password"}
        autoComplete={choosing ? "new-password" : "current-password"}
        autoCapitalize="none"
        spellCheck={false}
      >
        <button
          type="button"
          className="lu-auth-eye"
          aria-label={shown ? labels.hide_password : labels.show_password}
          data-tip={shown ? labels.hide_password : labels.show_password}
          onClick={() => setShown(!shown)}
        >
          <Icon name="eye" size={18} />
        </button>
      </Field>
      {(known?.keys ?? 0) > 0 && (
        <div className="lu-tick">
          <input
            id={keysId}
            type="checkbox"
            className="lu-tick__box"
            name="end_keys"
            defaultChecked
            data-testid={`${mode}-end-keys`}
          />
          <label htmlFor={keysId}>{labels.end_keys}</label>
        </div>
      )}
      <div role="alert" className="lu-auth-error" hidden={!words}>
        {words}
      </div>
      <button
        type="submit"
        className="lu-button lu-button--primary lu-button--wide"
        disabled={busy || !ready}
        data-testid={`${mode}-submit`}
      >
        {busy ? (labels.busy ?? labels.submit) : labels.submit}
      </button>
      {children}
    </form>
  );
}

/**
 * The form behind a link that an administrator handed over: "join" or "reset".
 *
 * @param {FormProps & { mode: string }} props
 */
export function LinkForm({ mode, labels = {}, next = "/chat", children }) {
  // null while it is looked at, false when it opens nothing
  const [known, setKnown] = useState(/** @type {Known | false | null} */ (null));
  const [problem, setProblem] = useState("");

  const look = useEffectEvent(async (/** @type {string} */ token) => {
    try {
      setKnown({ ...(await lookAt(backendOrigin(), mode, token)), token });
    } catch (thrown) {
      const failure = /** @type {Lu.Failure} */ (thrown);
      if (failure.status !== 404) setProblem(failure.message || labels.unreachable);
      setKnown(false);
    }
  });

  useEffect(() => {
    const token = linkToken();
    if (token) look(token);
    else setKnown(false);
    // Another link pasted into this very page changes nothing but what is behind "#".
    const again = () => window.location.reload();
    window.addEventListener("hashchange", again);
    return () => window.removeEventListener("hashchange", again);
  }, []);

  if (known === null) {
    return (
      <div role="status" className="lu-stack lu-gap-4" data-testid="link-waiting">
        <span className="lu-sr">{labels.busy}</span>
        <span className="lu-skeleton" style={{ height: 44 }} />
        <span className="lu-skeleton" style={{ height: 44 }} />
      </div>
    );
  }
  if (problem)
    return (
      <div role="alert" className="lu-auth-error">
        {problem}
      </div>
    );
  if (known === false) return <div data-testid="link-over">{children}</div>;
  return <AuthForm mode={mode} labels={labels} next={next} known={known} />;
}

/**
 * The form of the very first account. Where it takes the link of the start (`needs`) and there is
 * none, its children say so.
 *
 * @param {FormProps & { needs?: boolean }} props
 */
export function SetupForm({ needs = false, labels = {}, next = "/chat", children }) {
  // null until the browser was asked
  const [token, setToken] = useState(/** @type {string | null} */ (null));

  useEffect(() => {
    setToken(linkToken());
    const again = () => window.location.reload();
    window.addEventListener("hashchange", again);
    return () => window.removeEventListener("hashchange", again);
  }, []);

  if (needs && !token) return <div data-testid="setup-elsewhere">{token === "" && children}</div>;
  return (
    <AuthForm mode="register" labels={labels} next={next} known={token ? { token } : undefined} />
  );
}

/** @param {{ label: string, className?: string }} props */
export function SignOutButton({ label, className = "" }) {
  const [busy, setBusy] = useState(false);
  const out = async () => {
    setBusy(true);
    // Whatever went wrong, the login page shows whether somebody is still signed in.
    const isOut = await signOut(backendOrigin()).then(
      () => true,
      () => false,
    );
    if (isOut) forgetAll();
    leave();
  };
  return (
    <button
      type="button"
      role="menuitem"
      className={className}
      disabled={busy}
      data-testid="sign-out"
      onClick={out}
    >
      <Icon name="leave" />
      {label}
    </button>
  );
}
