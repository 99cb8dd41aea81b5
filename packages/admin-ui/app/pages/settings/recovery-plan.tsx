import { apiUrl } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'

/** The disaster-recovery plan: a page of its own, to print and keep elsewhere. */
export function RecoveryPlan() {
  const { may } = useSession()
  if (!may('config:read')) return null
  const linkTo = (format: 'html' | 'markdown') => apiUrl('recovery-plan', {}, { format })
  return (
    <Panel title={t('Disaster-recovery plan')}>
      <p className="muted">
        {t(
          'Where the backups are, what opens them, what was measured, and what to type in which case, with the values of this installation. It holds no secret. Print it, and keep it where neither the server nor the backups are.',
        )}
      </p>
      <div className="actions">
        <a className="button" href={linkTo('html')} target="_blank" rel="noreferrer">
          {t('Open to print')}
        </a>
        <a className="button" href={linkTo('markdown')} download="recovery-plan.md">
          {t('Save as Markdown')}
        </a>
      </div>
    </Panel>
  )
}
