import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'

interface Common {
  label: ReactNode
  hint?: ReactNode
  problem?: string | null
}

/** The label of an input, and below it what helps or what is wrong. */
function Frame({ label, hint, problem, id, children }: Common & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {problem ? (
        <p className="field-problem" id={`${id}-hint`}>
          {problem}
        </p>
      ) : (
        hint && (
          <p className="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )
      )}
    </div>
  )
}

export function TextField({ label, hint, problem, ...rest }: Common & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  return (
    <Frame {...{ label, hint, problem: problem ?? null, id }}>
      <input
        {...rest}
        id={id}
        aria-invalid={Boolean(problem)}
        aria-describedby={problem || hint ? `${id}-hint` : undefined}
      />
    </Frame>
  )
}

export function TextAreaField({ label, hint, problem, ...rest }: Common & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId()
  return (
    <Frame {...{ label, hint, problem: problem ?? null, id }}>
      <textarea
        {...rest}
        id={id}
        aria-invalid={Boolean(problem)}
        aria-describedby={problem || hint ? `${id}-hint` : undefined}
      />
    </Frame>
  )
}

export function SelectField({
  label,
  hint,
  problem,
  children,
  ...rest
}: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId()
  return (
    <Frame {...{ label, hint, problem: problem ?? null, id }}>
      <select {...rest} id={id} aria-describedby={problem || hint ? `${id}-hint` : undefined}>
        {children}
      </select>
    </Frame>
  )
}

interface CheckProps {
  label: string
  hint?: ReactNode
  checked: boolean
  disabled?: boolean
  onChange(checked: boolean): void
}

export function Check({ label, hint, checked, disabled = false, onChange }: CheckProps) {
  const id = useId()
  return (
    <div className="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <p className="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
