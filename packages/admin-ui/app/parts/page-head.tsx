import { type ReactNode, useEffect } from 'react'
import { useSession } from '../api/session.tsx'
import { t } from '../texts/texts.ts'

/** The name of a page, and what can be done on it. */
export function PageHead({ title, about, actions }: { title: string; about?: ReactNode; actions?: ReactNode }) {
  const { application, environment, databaseName } = useSession()
  const where = [application, environment?.label, databaseName].filter(Boolean).join(' · ')
  useEffect(() => {
    document.title = `${title} · ${where} · ${t('Backups')}`
  }, [title, where])
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
