// In a page: which things the keyboard has to reach, where the focus is, and what it looks like.
window.walk = (() => {
  const CAN = "a[href], button, input, select, textarea, summary, iframe, [tabindex]";
  // So long what was in the way may take to go.
  const FRAMES = 20;
  const shown = (each) => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && each.checkVisibility({ visibilityProperty: true });
  };
  // Of radio buttons Tab reaches one, and the arrow keys the others.
  const isFirst = (each) =>
    each.type !== "radio" ||
    each.checked ||
    !document.querySelector(`input[type=radio][name="${each.name}"]:checked`);
  const wantedIn = (root) =>
    [...root.querySelectorAll(CAN)].filter(
      (each) =>
        each.tabIndex >= 0 &&
        !each.matches(":disabled") &&
        !each.closest("[inert]") &&
        shown(each) &&
        isFirst(each),
    );
  const over = () =>
    [...document.querySelectorAll("dialog[open], :popover-open:not(.lu-tip)")].pop() ?? null;
  const here = () => (document.activeElement === document.body ? null : document.activeElement);

  const nameOf = (each) => {
    if (!each) return "";
    const words = (each.getAttribute("aria-label") || each.textContent).trim().slice(0, 30);
    const what = each.dataset.testid || each.id || each.className;
    return `<${each.tagName.toLowerCase()} ${what}> ${words}`.replaceAll("\n", " ");
  };

  // A focus may be shown by the thing itself, by what it stands in or by what stands for it.
  const bearersOf = (each) => [
    each,
    each.parentElement,
    each.closest("form"),
    each.nextElementSibling,
  ];
  const looksOf = (each) =>
    bearersOf(each).flatMap((bearer) =>
      [null, "::after"].map((pseudo) => {
        if (!bearer) return "";
        const style = getComputedStyle(bearer, pseudo);
        const line = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
        const outline = line
          ? `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`
          : "";
        return outline + (style.boxShadow === "none" ? "" : style.boxShadow);
      }),
    );
  const isLit = (now, rest) => now.some((look, n) => look && look !== rest[n]);

  // Whether at least a part of it is not hidden below something else.
  const isClear = (each) => {
    const { left, top, width, height } = each.getBoundingClientRect();
    const spots = [
      [0.5, 0.5],
      [0.1, 0.5],
      [0.9, 0.5],
      [0.5, 0.1],
      [0.5, 0.9],
    ];
    return spots.some(([x, y]) => {
      const hit = document.elementFromPoint(left + width * x, top + height * y);
      return (
        hit && (each.contains(hit) || (hit.contains(each) && hit !== document.documentElement))
      );
    });
  };

  let list = [];
  let atRest = new Map();
  let from = null;
  const passed = [];
  document.addEventListener("focusin", ({ target }) => passed.push(target));
  return {
    // Everything that Tab has to reach, in what lies over the page or else in the page.
    begin() {
      list = wantedIn(over() ?? document);
      const focused = here();
      focused?.blur();
      atRest = new Map(list.map((each) => [each, looksOf(each)]));
      focused?.focus();
      return { wanted: list.map(nameOf), at: list.indexOf(focused) };
    },
    // Called after each Tab.
    async step() {
      const now = here();
      const problems = [];
      for (let n = 0; n < FRAMES && !(n && (!now || isClear(now))); n += 1) {
        await new Promise(requestAnimationFrame);
      }
      if (now && !isLit(looksOf(now), atRest.get(now) ?? []))
        problems.push("its focus is not to be seen");
      if (now && !isClear(now)) problems.push("something covers it");
      if (now && over() && !over().contains(now))
        problems.push("it is outside of what lies over the page");
      return { at: list.indexOf(now), name: nameOf(now), problems };
    },
    // Which of them the focus has not come to since this was asked last.
    missed() {
      const seen = new Set(passed.splice(0));
      return list.filter((each) => !seen.has(each)).map(nameOf);
    },
    isAt(target) {
      const now = here();
      if (!now) return false;
      return ".#".includes(target[0]) ? now.matches(target) : now.dataset.testid === target;
    },
    inMenu: () => Boolean(here()?.closest(".lu-menu[role=menu], .lu-menu [role=menu]")),
    over: () => nameOf(over()),
    // What has opened takes the focus.
    arrived: () => !over() || over().contains(here()),
    // From where something is opened that is to give the focus back.
    mark() {
      if (!over()) from = document.activeElement;
    },
    // Where the focus is if it did not come back; nothing can come back to what has gone.
    strayed(back) {
      if (back ? here()?.dataset.testid === back : document.activeElement === from) return "";
      if (here() && !shown(from)) return "";
      return `${nameOf(here()) || "nowhere"} instead of ${nameOf(from)}`;
    },
  };
})();
