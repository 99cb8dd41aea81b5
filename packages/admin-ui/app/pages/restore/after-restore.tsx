import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ActionDescription, callAction, planOf, useAction } from '../../api/actions.ts'
import { Problem } from '../../api/client.ts'
import { useOpenTasks, useTask } from '../../api/queries.ts'
import { isOpen, type Restore } from '../../api/records.ts'
import { ResultView } from '../../forms/result-view.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/loaded.tsx'
import { Progress } from '../../parts/progress.tsx'
import { isTyped, TypedConfirmation } from '../../parts/typed-confirmation.tsx'
import { WhereItIs } from '../../parts/where-it-is.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'

type Way = 'undo' | 'discard'

/** After the swap there are two databases. Which is live can be changed, until the other is dropped. */
export function AfterRestore({ restore }: { restore: Restore }) {
  const client = useQueryClient()
  const { data: open = [] } = useOpenTasks()
  const ways = { undo: useAction('restores.undo'), discard: useAction('restores.discard') }
  const [asked, setAsked] = useState<Way | null>(null)
  const [taskId, setTaskId] = useState<string | null>(null)
  const own = open.find(({ subject_id, kind }) => subject_id === restore.id && kind !== 'restore')
  const { data: task } = useTask(taskId ?? own?.task_id)
  if (task && isOpen(task))
    return (
      <section className="panel live" aria-label={t('Progress')}>
        <Progress task={task} />
      </section>
    )
  const hasOther = !isOpen(restore) && restore.kept_database !== null
  const action = asked === null ? undefined : ways[asked]
  const texts = restore.status === 'undone' ? ofUndone : ofRestored
  return (
    <>
      {task?.error && (
        <p className="note bad">
          <strong>{t('It did not work.')}</strong> {known(task.error.detail)}
        </p>
      )}
      {hasOther && ways.undo && (
        <section className="panel way-back" aria-label={t('The way back')}>
          <p>
            {restore.undo_until === null
              ? tx(texts.kept, { database: restore.kept_database })
              : tx(texts.keptUntil, { database: restore.kept_database, time: <Ago at={restore.undo_until} /> })}
          </p>
          <div className="actions">
            <Button icon="restore" onClick={() => setAsked('undo')}>
              {t(texts.back)}
            </Button>
            <Button onClick={() => setAsked('discard')}>{t(texts.drop)}</Button>
          </div>
        </section>
      )}
      {asked && action && (
        <Ask
          way={asked}
          action={action}
          texts={texts}
          restore={restore}
          onClose={() => setAsked(null)}
          onStarted={(id) => {
            setTaskId(id)
            setAsked(null)
            client.invalidateQueries({ queryKey: ['restore'] })
          }}
        />
      )}
    </>
  )
}

const ofRestored = {
  kept: 'The database from before is kept as `{database}`.',
  keptUntil: 'The database from before is kept as `{database}`, to be dropped {time}.',
  back: 'Undo this restore',
  backTitle: 'Undo this restore?',
  backNow: 'Undo now',
  backText:
    'The database from before the restore becomes {database} again, by renaming. What was written since the restore is not in it; the restored database is kept in its turn.',
  drop: 'Drop the old database',
  dropTitle: 'Drop the old database?',
  dropText: 'There is no undo after that. What was in {database} before the restore is then only in backups.',
} as const

const ofUndone = {
  kept: 'The restored database is kept as `{database}`.',
  keptUntil: 'The restored database is kept as `{database}`, to be dropped {time}.',
  back: 'Bring the restored one back',
  backTitle: 'Bring the restored database back?',
  backNow: 'Bring it back now',
  backText:
    'The restored database becomes {database} again, by renaming. What was written since the undo is not in it; the present database is kept in its turn.',
  drop: 'Drop the restored database',
  dropTitle: 'Drop the restored database?',
  dropText: '{database} stays as it is. What was restored is then only in the backup.',
} as const

interface AskProps {
  way: Way
  action: ActionDescription
  texts: typeof ofRestored | typeof ofUndone
  restore: Restore
  onClose(): void
  onStarted(taskId: string): void
}

/** Shows what the server would do now, and is a yes to exactly that. */
function Ask({ way, action, texts, restore, onClose, onStarted }: AskProps) {
  const [typed, setTyped] = useState('')
  const target = { subject: restore.id }
  const plan = useQuery({
    queryKey: ['plan-after', way, restore.id],
    queryFn: () => planOf(action, target),
    ...{ retry: false, gcTime: 0, staleTime: 0 },
  })
  const run = useMutation({
    mutationFn: (confirm: string) => callAction(action, { ...target, confirm }),
    onSuccess: (started) => onStarted((started as { task_id: string }).task_id),
    // Another plan than the one that was looked at wants a look of its own.
    onError: (error) => error instanceof Problem && error.code === 'plan_changed' && plan.refetch(),
  })
  const isUndo = way === 'undo'
  const hash = plan.data?.hash
  const matches = hash !== undefined && (isUndo || isTyped(typed, restore.database))
  return (
    <Dialog
      title={t(isUndo ? texts.backTitle : texts.dropTitle)}
      onClose={onClose}
      onSubmit={() => matches && run.mutate(hash)}
      actions={
        <Button kind="danger" type="submit" busy={run.isPending} disabled={!matches}>
          {isUndo ? t(texts.backNow) : t('Drop it for good')}
        </Button>
      }
    >
      <p>
        <WhereItIs database={restore.database} />{' '}
        {t(isUndo ? texts.backText : texts.dropText, { database: restore.database })}
      </p>
      {plan.data ? <ResultView value={shownOf(plan.data.document)} /> : !plan.error && <Waiting rows={2} />}
      {!isUndo && (
        <TypedConfirmation
          wanted={restore.database}
          problem={t('This is not the name of the database.')}
          typed={typed}
          onChange={setTyped}
        />
      )}
      <Complaint error={run.error ?? plan.error} />
    </Dialog>
  )
}

/** Of the plan what people look at: which database is kept, since when, and what it holds. */
const shownOf = ({ kept_database, holds, undo_until, media }: Record<string, unknown>) => ({
  kept_database,
  holds: holds === 'restored' ? t('what was restored') : t('what was there before'),
  kept_until: undo_until,
  ...(Array.isArray(media) && media.length > 0 ? { media_folders: media } : {}),
})
