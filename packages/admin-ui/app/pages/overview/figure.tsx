import type { ReactNode } from 'react'

/** A number with its name, and a note below it. */
export function Figure({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <strong>{children}</strong>
        {note && <span className="muted">{note}</span>}
      </dd>
    </div>
  )
}
