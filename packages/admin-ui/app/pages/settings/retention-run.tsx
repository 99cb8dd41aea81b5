import { useAction } from '../../api/actions.ts'
import { ActionForm } from '../../forms/action-form.tsx'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'

/** Lets retention do at once what it does after each backup; which backups go is seen and confirmed first. */
export function RetentionRun() {
  const action = useAction('retention.run')
  if (!action) return null
  return (
    <Panel title={t('Run retention now')}>
      <div className="stack">
        <p className="hint">{t('It runs after each backup by itself, by what is saved above.')}</p>
        <ActionForm action={action} first={['prune', 'yes_remove']} submit={t('Show what would go')} />
      </div>
    </Panel>
  )
}
