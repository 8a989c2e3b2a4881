import assert from "node:assert/strict";
import { describe, it } from "node:test";

import "./page.js";

const { fetchWords, makeText } = await import("../../llm_ui/components/text.js");

await fetchWords("de");
const en = makeText("en");
const de = makeText("de");

describe("numbers and times in words", () => {
  it("durations have the unit that reads best", () => {
    assert.equal(en.duration(0), "0 ms");
    assert.equal(en.duration(999), "999 ms");
    assert.equal(en.duration(1449), "1.4 s");
    assert.equal(de.duration(1449), "1,4 s");
    assert.equal(en.duration(185_000), "3 min 5 s");
    assert.equal(en.duration(59_999), "60 s");
  });

  it("spans are whole units", () => {
    assert.equal(en.span(59), "59 seconds");
    assert.equal(en.span(3600), "1 hour");
    assert.equal(en.span(2 * 86400 + 5), "2 days");
    assert.equal(en.span(0), "0 seconds");
  });

  it("money keeps the digits that say something", () => {
    assert.equal(en.money(1_500_000, "USD"), "$1.50");
    assert.equal(en.money(12_300, "USD"), "$0.0123");
    assert.equal(en.money(12, "USD"), "$0.000012");
    assert.equal(en.money(0, "USD"), "$0.00");
    assert.equal(en.money(1_000_000, "points"), "1 points");
  });

  it("prices have all the digits that they were given", () => {
    assert.equal(en.price(150_000, "USD"), "$0.15");
    assert.equal(en.price(75_500, "USD"), "$0.0755");
    assert.equal(en.price(1_000_000, "no"), "1 no");
  });

  it("days are those that were named, in every zone", () => {
    assert.equal(en.day("2026-03-01"), "Mar 1, 2026");
    assert.equal(en.day(""), "");
    assert.equal(en.when("nonsense"), "");
    assert.equal(en.when(""), "");
  });
});

describe("sentences", () => {
  it("are shown by their key where there are none", () => {
    assert.equal(en.t("no.such.key"), "no.such.key");
    assert.equal(en.of("no.", "word"), "word");
  });

  it("take one and many, and durations in words", () => {
    assert.equal(en.t("time.minutes", { count: 1 }), "1 minute");
    assert.equal(en.t("time.minutes", { count: 2 }), "2 minutes");
    assert.equal(de.t("time.seconds", { count: 1500 }), "1.500 Sekunden");
  });
});
