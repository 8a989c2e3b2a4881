// The words in the browser: the same catalogues and rules as llm_ui/i18n.
import { useSyncExternalStore } from "react";
import de from "$/public/external/llm_ui/i18n/de.json";
import en from "$/public/external/llm_ui/i18n/en.json";
import { sizeOf } from "$/public/external/llm_ui/react/files/size.js";

const catalogues = { en, de };

const variant = (texts, key, params) => {
  if (params.count === 1 && `${key}.one` in texts) return `${key}.one`;
  if (!(`${key}.bare` in texts)) return key;
  const named = [...texts[key].matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const lacks = (name) => name !== "duration" && (params[name] ?? "") === "";
  return named.some(lacks) ? `${key}.bare` : key;
};

// 45 seconds, 2 minutes
const durationWords = (texts, seconds) => {
  const whole = seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
  const minutes = whole >= 60 && whole % 60 === 0;
  const count = minutes ? whole / 60 : whole;
  const key = variant(texts, minutes ? "time.minutes" : "time.seconds", { count });
  return texts[key].replace("{count}", count);
};

// The language with the reader's country, where the browser tells it: 25 Nov or Nov 25. For
// days only: some countries would write 1.4m for 1.4M.
const localeOf = (language) =>
  globalThis.navigator?.languages?.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;

const makeText = (language) => {
  const texts = catalogues[language];
  const locale = localeOf(language);
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  // 4:05 pm, but 04:05: where the day has 24 hours, a single digit would be in doubt.
  const { hour12 } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
  const clock = { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" };
  const thisYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...clock });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const show = (value) => (typeof value === "number" ? number.format(value) : String(value));
  const text = {
    language,
    locale: () => locale,
    t: (key, params = {}) => {
      const source = texts[variant(texts, key, params)] ?? en[key] ?? key;
      return source.replace(/\{(\w+)\}/g, (whole, name) => {
        if (name === "duration" && "seconds" in params) return durationWords(texts, params.seconds);
        return name in params ? show(params[name] ?? "") : whole;
      });
    },
    // A word that the server may know before we do: shown as it is then.
    of: (prefix, name) => texts[prefix + name] ?? name,
    number: (value) => number.format(value),
    short: (value) => short.format(value),
    // 740 ms, 1.4 s, 3 min 5 s: few digits, the unit that reads best
    duration: (ms) => {
      if (ms < 1000) return `${Math.round(ms)} ms`;
      if (ms < 60_000) return `${number.format(Math.round(ms / 100) / 10)} s`;
      const seconds = Math.round(ms / 1000);
      return `${number.format(Math.floor(seconds / 60))} min ${seconds % 60} s`;
    },
    span: (seconds) => {
      const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
      const [unit, length] = steps.find(([, each]) => seconds >= each) ?? steps[3];
      const style = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 };
      return new Intl.NumberFormat(language, style).format(Math.floor(seconds / length));
    },
    size: (bytes) => sizeOf(bytes, language),
    when: (iso) => {
      const date = new Date(iso);
      if (!iso || Number.isNaN(date.getTime())) return "";
      return (date.getFullYear() === new Date().getFullYear() ? thisYear : moment).format(date);
    },
    // A day is a name, not a moment: no zone may move it.
    day: (iso) => (iso ? date.format(new Date(`${iso}T12:00:00Z`)) : ""),
    // What something costs each: all the decimals it was given, and no more.
    price: (micro, currency) => {
      const digits = { minimumFractionDigits: 2, maximumFractionDigits: 6 };
      try {
        return new Intl.NumberFormat(language, { style: "currency", currency, ...digits }).format(micro / 1e6);
      } catch {
        return `${number.format(micro / 1e6)} ${currency}`;
      }
    },
    // Answers cost fractions of a cent: small amounts keep the digits that say something.
    money: (micro, currency) => {
      const amount = micro / 1e6;
      const small = amount && Math.abs(amount) < 1;
      const places = small ? (Math.abs(amount) < 0.001 ? 6 : 4) : 2;
      const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
      try {
        return new Intl.NumberFormat(language, { style: "currency", currency, ...digits }).format(amount);
      } catch {
        return `${number.format(amount)} ${currency}`;
      }
    },
  };
  return text;
};

const made = {};
const textIn = (language) => (made[language] ??= makeText(language));

const never = () => () => {};
const chosen = () => textIn(document.documentElement.lang === "de" ? "de" : "en");
const prepared = () => textIn("en");

// While a prepared page is taken over the words are English, like the page; right
// after it, and before anything is painted, they are the person's.
export const useText = () => useSyncExternalStore(never, chosen, prepared);
