// A field of the forms to sign in, with its label and what is said below it.
import { useId } from "react";

/**
 * @typedef {Lu.Children & {
 *   name: string, mode: string, label: string, hint?: string, invalid?: boolean
 * } & React.ComponentProps<"input">} FieldProps
 */

/** @param {FieldProps} props */
export function Field({ name, mode, label, hint, invalid, children, ...input }) {
  const id = useId();
  return (
    <div className="lu-field">
      <label className="lu-field__label" htmlFor={id}>
        {label}
      </label>
      <div className="lu-auth-input">
        <input
          id={id}
          className="lu-input"
          name={name}
          required
          aria-invalid={invalid || undefined}
          aria-describedby={hint && `${id}-hint`}
          data-testid={`${mode}-${name}`}
          {...input}
        />
        {children}
      </div>
      {hint && (
        <p id={`${id}-hint`} className="lu-field__hint">
          {hint}
        </p>
      )}
    </div>
  );
}
