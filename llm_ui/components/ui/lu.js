// What a page can do without a state, by name: `window.lu`, for components and for calls.js.

// React keeps a field's value itself: set it the way typing does.
/**
 * @param {HTMLInputElement | HTMLTextAreaElement | null | undefined} field
 * @param {string} value
 */
const fill = (field, value) => {
  if (!field) return;
  const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value");
  own?.set?.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  field.setSelectionRange?.(value.length, value.length);
};

// Some errors are those of a moment, or of an old page over a new server: once a page tries by
// itself whether a reload helps, when the report of the error has left.
const AGAIN_AFTER_MS = 10000;
/** @param {string} error */
const again = (error) => {
  if (!/^TypeError: .*\bnull\b/.test(error)) return;
  const last = Number(sessionStorage.getItem("lu-reloaded")) || 0;
  if (Date.now() - last < AGAIN_AFTER_MS) return;
  sessionStorage.setItem("lu-reloaded", String(Date.now()));
  setTimeout(() => location.reload(), 200);
};

/** @param {string} id */
const dialogOf = (id) => /** @type {HTMLDialogElement | null} */ (document.getElementById(id));

/** @type {Lu.Page} */
export const page = {
  again,
  target: { id: "", title: "" },
  ask: (textToPut) =>
    fill(
      /** @type {HTMLTextAreaElement | null} */ (
        document.querySelector(
          'textarea[data-testid="composer"], [data-testid="composer"] textarea',
        )
      ),
      textToPut,
    ),
  // Its fields filled with what the menu was opened at.
  edit: (id) => {
    const dialog = dialogOf(id);
    const field = dialog?.querySelector("input");
    fill(field, window.lu.target[field?.name ?? ""] ?? window.lu.target.title);
    const choice = dialog?.querySelector("select");
    if (choice) choice.value = window.lu.target[choice.name] ?? "";
    dialog?.showModal();
    dialog?.querySelector("input")?.select();
  },
  // What was typed into it before does not come again.
  show: (id) => {
    const dialog = dialogOf(id);
    dialog?.querySelector("form")?.reset();
    dialog?.showModal();
  },
  // What was typed into it does not stay there.
  secret: (id) => {
    const dialog = dialogOf(id);
    window.lu.show(id);
    dialog?.addEventListener("close", () => dialog.querySelector("form")?.reset(), {
      once: true,
    });
  },
  // As a click on a link to a file.
  take: (href) => {
    const link = Object.assign(document.createElement("a"), { href, download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  },
  // A secret stands in the field while the dialog is open, and nowhere else. Only the browser
  // knows where a link's path is.
  hand: (id, given) => {
    const dialog = dialogOf(id);
    const field = dialog?.querySelector("input");
    if (!dialog || !field) return;
    fill(field, given.startsWith("/") ? new URL(given, location.origin).href : given);
    dialog.addEventListener("close", () => fill(field, ""), { once: true });
    dialog.showModal();
    field.select();
    field.scrollLeft = 0;
  },
  // A form's fields as one JSON object; what stands before the dash only tells forms apart.
  fields: (id) => {
    const entries = [...new FormData(/** @type {HTMLFormElement} */ (document.getElementById(id)))];
    return JSON.stringify(
      Object.fromEntries(entries.map(([k, v]) => [k.slice(k.indexOf("-") + 1), v])),
    );
  },
  shut: (id) => dialogOf(id)?.close(),
  language: (tag) => {
    document.cookie = `lang=${tag};path=/;max-age=31536000;samesite=lax`;
    location.reload();
  },
};
