import { type ReactNode, useId } from 'react'

/** A part of a page under its own heading. */
export function Panel({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const heading = useId()
  return (
    <section className="panel" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  )
}

/** Names and values. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: ReactNode] | false)[] }) {
  return (
    <dl className="facts">
      {of
        .filter((fact) => fact !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
