import { type ReactNode, useEffect } from 'react'

/** The name of a page, and what can be done on it. */
export function PageHead({ title, about, actions }: { title: string; about?: ReactNode; actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Backups`
  }, [title])
  return (
    <header className="page-head">
      <div>
        <h1>{title}</h1>
        {about && <p className="muted">{about}</p>}
      </div>
      {actions && <div className="actions">{actions}</div>}
    </header>
  )
}
