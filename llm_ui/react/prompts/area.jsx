// Where a prompt's text is written; names in braces are shown below as they are typed.
import { useState } from "react";

import { variablesOf } from "./variables.js";

/**
 * @param {{ name: string, value?: string, maxChars?: number, readOnly?: boolean, labels?: Lu.Labels }} props
 */
export function PromptArea({ name, value = "", maxChars, readOnly = false, labels = {} }) {
  const [names, setNames] = useState(() => variablesOf(value));
  const noteId = `${name}-note`;
  return (
    <div className="lu-field">
      <label className="lu-field__label" htmlFor={name}>
        {labels.label}
      </label>
      <textarea
        id={name}
        name={name}
        className="lu-input lu-writing lu-writing--tall"
        defaultValue={value}
        maxLength={maxChars}
        readOnly={readOnly}
        required
        aria-describedby={noteId}
        data-testid="prompt-text"
        onInput={(event) => setNames(variablesOf(event.currentTarget.value))}
      />
      <p id={noteId} className="lu-field__hint" aria-live="polite">
        {names.length ? `${labels.variables} ` : labels.hint}
        {names.map((each) => (
          <code key={each} className="lu-variable">
            {each}
          </code>
        ))}
      </p>
    </div>
  );
}
