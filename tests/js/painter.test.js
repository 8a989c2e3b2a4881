import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import "./page.js";

const { Painter } = await import("../../llm_ui/react/markdown/painter.js");

let now;
let frames;
let hidden;

describe("painting", () => {
  beforeEach(() => {
    now = 0;
    frames = [];
    hidden = false;
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(performance, "now", () => now);
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    globalThis.requestAnimationFrame = (run) => frames.push(run);
    globalThis.cancelAnimationFrame = (number) => {
      frames[number - 1] = () => undefined;
    };
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  const frame = () => {
    for (const run of frames.splice(0)) run();
  };

  function painter(cost = 0) {
    const made = { times: 0 };
    made.painter = new Painter(() => {
      made.times += 1;
      now += cost;
    });
    return made;
  }

  it("happens once for all that was asked in a frame", () => {
    const made = painter();
    for (let n = 0; n < 5; n += 1) made.painter.request();
    assert.equal(made.times, 0);
    frame();
    assert.equal(made.times, 1);
    frame();
    assert.equal(made.times, 1);
  });

  it("that is dear waits four times as long before the next one", () => {
    const made = painter(50);
    made.painter.request();
    frame();
    made.painter.request();
    frame();
    assert.equal(made.times, 1);
    mock.timers.tick(200);
    frame();
    assert.equal(made.times, 2);
  });

  it("goes by the clock in a tab that is not seen", () => {
    hidden = true;
    const made = painter();
    made.painter.request();
    mock.timers.tick(249);
    assert.equal(made.times, 0);
    mock.timers.tick(1);
    assert.equal(made.times, 1);
    assert.equal(frames.length, 0);
  });

  it("happens in a tab that was hidden before its frame came", () => {
    const made = painter();
    made.painter.request();
    mock.timers.tick(1000);
    assert.equal(made.times, 1);
    frame();
    assert.equal(made.times, 1);
  });

  it("that was stopped does not happen", () => {
    const made = painter();
    made.painter.request();
    made.painter.stop();
    frame();
    mock.timers.tick(2000);
    assert.equal(made.times, 0);
  });
});
