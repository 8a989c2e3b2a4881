// What one can do with a block of code: copy it, keep it as a file, wrap its lines, fold it.

const COPIED_MS = 1500;
// Shorter ones have nothing to fold.
const LONG_LINES = 30;
const NAMED = /** @type {const} */ (["fold", "wrap", "save"]);
// Where the file's ending is not the language's name.
/** @type {Record<string, string>} */
const ENDINGS = {
  bash: "sh",
  "c#": "cs",
  "c++": "cpp",
  csharp: "cs",
  console: "txt",
  docker: "dockerfile",
  elixir: "ex",
  erlang: "erl",
  fortran: "f90",
  golang: "go",
  haskell: "hs",
  javascript: "js",
  julia: "jl",
  kotlin: "kt",
  latex: "tex",
  markdown: "md",
  matlab: "m",
  mermaid: "mmd",
  node: "js",
  "objective-c": "m",
  perl: "pl",
  plaintext: "txt",
  powershell: "ps1",
  ps: "ps1",
  python: "py",
  python3: "py",
  ruby: "rb",
  rust: "rs",
  shell: "sh",
  text: "txt",
  typescript: "ts",
  yml: "yaml",
  zsh: "sh",
};
/** @type {Record<string, string>} */
const WHOLE_NAMES = {
  docker: "Dockerfile",
  dockerfile: "Dockerfile",
  make: "Makefile",
  makefile: "Makefile",
};

/**
 * The code itself, which every block has.
 *
 * @param {Element} block
 */
export const codeOf = (block) => /** @type {HTMLElement} */ (block.querySelector("code"));

/**
 * Copies `text`; a page served over plain http has no clipboard of its own.
 *
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.cssText = "position:fixed;top:0;opacity:0";
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}

/**
 * What a block of this language is called as a file.
 *
 * @param {string} lang
 * @param {string} [given]
 */
export function fileName(lang, given) {
  if (given) return given;
  // Models name languages as they like, also "constructor", which every object has.
  if (Object.hasOwn(WHOLE_NAMES, lang)) return WHOLE_NAMES[lang];
  if (Object.hasOwn(ENDINGS, lang)) return `code.${ENDINGS[lang]}`;
  return `code.${/^[a-z][a-z0-9]{0,9}$/.test(lang) ? lang : "txt"}`;
}

/**
 * @param {HTMLElement} button
 * @param {string} kind
 * @param {string} label
 */
function name(button, kind, label) {
  button.dataset.tip = label;
  button.setAttribute("aria-label", label);
  if (kind !== "save") button.setAttribute("aria-pressed", "false");
}

/** @param {string} text */
const isLong = (text) => {
  let at = -1;
  for (let line = 0; line < LONG_LINES; line++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) return false;
  }
  return true;
};

// Shown by the style sheet beside the code: so they are neither selected nor copied with it.
/** @param {string} text */
function numbers(text) {
  const { length } = text.replace(/\n$/, "").split("\n");
  return Array.from({ length }, (_, line) => line + 1).join("\n");
}

/**
 * Gives new blocks of code below `root` their buttons; when `final`, long ones get numbers and
 * can be folded.
 *
 * @param {Element | DocumentFragment} root
 * @param {Lu.ProseLabels} labels
 * @param {boolean} final
 */
export function dressCode(root, labels, final) {
  for (const button of root.querySelectorAll(".lu-md-copy:empty")) button.textContent = labels.copy;
  for (const kind of NAMED) {
    for (const button of root.querySelectorAll(`.lu-md-${kind}:not([aria-label])`))
      name(button, kind, labels[kind] ?? "");
  }
  if (!final) return;
  const blocks = [...root.querySelectorAll(".lu-md-code:not([data-long])")];
  if (root instanceof HTMLElement && root.matches(".lu-md-code:not([data-long])")) {
    blocks.push(root);
  }
  for (const block of blocks) {
    const code = codeOf(block);
    if (!isLong(code.textContent)) continue;
    block.dataset.long = "";
    /** @type {HTMLElement} */ (code.parentElement).dataset.numbers = numbers(code.textContent);
  }
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} block
 * @param {string} mark
 */
function toggle(button, block, mark) {
  const on = !(mark in block.dataset);
  if (on) block.dataset[mark] = "";
  else delete block.dataset[mark];
  button.setAttribute("aria-pressed", String(on));
  // The head has stuck to the top of what is seen: there the block's end must not be pulled away.
  if (on && mark === "folded") block.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLElement} block */
function save(block) {
  const code = codeOf(block);
  const text = code.textContent;
  const link = document.createElement("a");
  // As text, a browser would add an ending of its own to "Dockerfile".
  link.href = URL.createObjectURL(
    new Blob([text.endsWith("\n") ? text : `${text}\n`], { type: "application/octet-stream" }),
  );
  link.download = fileName(code.dataset.lang ?? "", block.dataset.name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} block
 * @param {Lu.ProseLabels} labels
 */
async function copy(button, block, labels) {
  if (!(await copyText(codeOf(block).textContent))) return;
  button.textContent = labels.copied;
  setTimeout(() => (button.textContent = labels.copy), COPIED_MS);
}

/**
 * A press on one of the buttons of `dressCode`.
 *
 * @param {HTMLElement} button
 * @param {Lu.ProseLabels} labels
 */
export function press(button, labels) {
  const block = /** @type {HTMLElement} */ (button.closest(".lu-md-code"));
  if (button.matches(".lu-md-copy")) copy(button, block, labels);
  else if (button.matches(".lu-md-save")) save(block);
  else toggle(button, block, button.matches(".lu-md-wrap") ? "wrap" : "folded");
}
