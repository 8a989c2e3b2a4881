// The words in the browser: the same catalogues and rules as llm_ui/i18n.
import { useSyncExternalStore } from "react";
import en from "$/public/external/llm_ui/i18n/en/messages.json";
import { sizeOf } from "$/public/external/llm_ui/react/files/size.js";

/** @typedef {string | Record<string, string>} Words A text, or its forms by CLDR's names. */
/** @typedef {Record<string, Words>} Texts */
/** @typedef {Record<string, any>} Params */

// Every language's folder, as the build finds them; a browser fetches its own alone.
/** @type {Record<string, () => Promise<Texts>>} */
const others = import.meta.glob(
  [
    "$/public/external/llm_ui/i18n/*/messages.json",
    "!$/public/external/llm_ui/i18n/en/messages.json",
  ],
  { import: "default" },
);
/** @type {Record<string, Texts>} */
const catalogues = { en };

/**
 * @param {Texts} texts
 * @param {string} key
 * @param {Params} params
 */
const variant = (texts, key, params) => {
  const text = texts[key];
  const bare = texts[`${key}.bare`];
  if (!bare) return text;
  const all = typeof text === "string" ? text : Object.values(text).join();
  const named = [...all.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  /** @param {string} name */
  const lacks = (name) => name !== "duration" && (params[name] ?? "") === "";
  return named.some(lacks) ? bare : text;
};

/**
 * The form that goes with the number.
 *
 * @param {Words} text
 * @param {Intl.PluralRules} rules
 * @param {Params} params
 */
const formOf = (text, rules, params) => {
  if (typeof text === "string") return text;
  const count = params[text.by ?? "count"];
  return (typeof count === "number" && text[rules.select(count)]) || text.other;
};

// The language with the reader's country, where the browser tells it: 25 Nov or Nov 25. For
// days only: some countries would write 1.4m for 1.4M.
/** @param {string} language */
const localeOf = (language) =>
  globalThis.navigator?.languages?.find((tag) => tag.toLowerCase().split("-")[0] === language) ??
  language;

/**
 * Everything that is said in one language.
 *
 * @param {string} language
 */
export const makeText = (language) => {
  const texts = catalogues[language];
  const locale = localeOf(language);
  const rules = new Intl.PluralRules(language);
  const list = new Intl.ListFormat(language, { type: "conjunction", style: "narrow" });
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  // 4:05 pm, but 04:05: where the day has 24 hours, a single digit would be in doubt.
  const { hour12 } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" };
  const thisYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...clock });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  /** @param {unknown} value */
  const show = (value) => (typeof value === "number" ? number.format(value) : String(value));
  /**
   * 45 seconds, 2 minutes
   *
   * @param {number} seconds
   * @returns {string}
   */
  const durationWords = (seconds) => {
    const whole = seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
    const minutes = whole >= 60 && whole % 60 === 0;
    return text.t(minutes ? "time.minutes" : "time.seconds", {
      count: minutes ? whole / 60 : whole,
    });
  };
  const text = {
    language: () => language,
    locale: () => locale,
    /**
     * @param {string} key
     * @param {Params} params
     * @returns {string}
     */
    t: (key, params = {}) => {
      if (!(key in texts)) return texts === en ? key : textIn("en").t(key, params);
      return formOf(variant(texts, key, params), rules, params).replace(
        /\{(\w+)\}/g,
        (whole, name) => {
          if (name === "duration" && "seconds" in params) return durationWords(params.seconds);
          return name in params ? show(params[name] ?? "") : whole;
        },
      );
    },
    // A word that the server may know before we do: shown as it is then.
    /**
     * @param {string} prefix
     * @param {string} name
     */
    of: (prefix, name) => (prefix + name in en ? text.t(prefix + name) : name),
    /** @param {string[]} items */
    list: (items) => list.format(items),
    /** @param {string} tag */
    tongue: (tag) => new Intl.DisplayNames(language, { type: "language" }).of(tag),
    /** @param {number} value */
    number: (value) => number.format(value),
    /** @param {number} value */
    short: (value) => short.format(value),
    // 740 ms, 1.4 s, 3 min 5 s: few digits, the unit that reads best
    /** @param {number} ms */
    duration: (ms) => {
      if (ms < 1000) return text.t("time.ms", { value: Math.round(ms) });
      if (ms < 60_000) return text.t("time.s", { value: Math.round(ms / 100) / 10 });
      const seconds = Math.round(ms / 1000);
      return text.t("time.min_s", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
    },
    /** @param {number} seconds */
    span: (seconds) => {
      /** @type {[string, number][]} */
      const steps = [
        ["day", 86400],
        ["hour", 3600],
        ["minute", 60],
        ["second", 1],
      ];
      const [unit, length] = steps.find(([, each]) => seconds >= each) ?? steps[3];
      /** @type {Intl.NumberFormatOptions} */
      const style = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 };
      return new Intl.NumberFormat(language, style).format(Math.floor(seconds / length));
    },
    /** @param {number} bytes */
    size: (bytes) => sizeOf(bytes, language),
    /** @param {string} iso */
    when: (iso) => {
      const at = new Date(iso);
      if (!iso || Number.isNaN(at.getTime())) return "";
      return (at.getFullYear() === new Date().getFullYear() ? thisYear : moment).format(at);
    },
    // A day is a name, not a moment: no zone may move it.
    /** @param {string} iso */
    day: (iso) => (iso ? date.format(new Date(`${iso}T12:00:00Z`)) : ""),
    // What something costs each: all the decimals it was given, and no more.
    /**
     * @param {number} micro
     * @param {string} currency
     */
    price: (micro, currency) => {
      const digits = { minimumFractionDigits: 2, maximumFractionDigits: 6 };
      try {
        return new Intl.NumberFormat(language, { style: "currency", currency, ...digits }).format(
          micro / 1e6,
        );
      } catch {
        return `${number.format(micro / 1e6)} ${currency}`;
      }
    },
    // Answers cost fractions of a cent: small amounts keep the digits that say something.
    /**
     * @param {number} micro
     * @param {string} currency
     */
    money: (micro, currency) => {
      const amount = micro / 1e6;
      const small = amount && Math.abs(amount) < 1;
      const places = small ? (Math.abs(amount) < 0.001 ? 6 : 4) : 2;
      const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
      try {
        return new Intl.NumberFormat(language, { style: "currency", currency, ...digits }).format(
          amount,
        );
      } catch {
        return `${number.format(amount)} ${currency}`;
      }
    },
  };
  return text;
};

/** @type {Record<string, ReturnType<typeof makeText>>} */
const made = {};
/** @param {string} language */
const textIn = (language) => (made[language] ??= makeText(language));

/** @type {Set<() => void>} */
const readers = new Set();
/** @param {() => void} reader */
const subscribe = (reader) => {
  readers.add(reader);
  return () => readers.delete(reader);
};
const wanted = () => document.documentElement.lang;
const chosen = () => textIn(wanted() in catalogues ? wanted() : "en");
const prepared = () => textIn("en");

/**
 * Have the words of a language here; without them it is English, which is better than none.
 *
 * @param {string} language
 */
export const fetchWords = async (language) => {
  const path = Object.keys(others).find((each) => each.endsWith(`/${language}/messages.json`));
  if (!path) return;
  try {
    catalogues[language] = await others[path]();
    for (const reader of readers) reader();
  } catch (error) {
    reportError(error);
  }
};

/** Settled when the words are the person's, or cannot be: until then nothing is shown. */
export const spoken = globalThis.document ? fetchWords(wanted()) : Promise.resolve();

// While a prepared page is taken over the words are English, like the page; then, and
// before anything is painted, they are the person's.
export const useText = () => useSyncExternalStore(subscribe, chosen, prepared);
