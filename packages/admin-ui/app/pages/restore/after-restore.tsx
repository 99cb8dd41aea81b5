import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { useOpenTasks, useTask } from '../../api/queries.ts'
import { isOpen, type Restore } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Progress } from '../../parts/progress.tsx'
import { isTyped, TypedConfirmation } from '../../parts/typed-confirmation.tsx'

type Way = 'undo' | 'discard'

/** After the swap there are two databases. Which is live can be changed, until the other is dropped. */
export function AfterRestore({ restore }: { restore: Restore }) {
  const { may } = useSession()
  const client = useQueryClient()
  const { data: open = [] } = useOpenTasks()
  const [asked, setAsked] = useState<Way | null>(null)
  const [taskId, setTaskId] = useState<string | null>(null)
  const own = open.find(({ subject_id, kind }) => subject_id === restore.id && kind !== 'restore')
  const { data: task } = useTask(taskId ?? own?.task_id)
  const run = useMutation({
    mutationFn: (way: Way) => {
      const target = { params: { id: restore.id } }
      return way === 'undo' ? call('POST restores/:id/undo', target) : call('POST restores/:id/discard', target)
    },
    onSuccess(started) {
      setTaskId(started.task_id)
      setAsked(null)
      client.invalidateQueries({ queryKey: ['restore'] })
    },
  })
  if (task && isOpen(task))
    return (
      <section className="panel live" aria-label="Progress">
        <Progress task={task} />
      </section>
    )
  const hasOther = ['succeeded', 'undone', 'interrupted'].includes(restore.status) && restore.kept_database !== null
  const texts = restore.status === 'undone' ? ofUndone : ofRestored
  return (
    <>
      {task?.error && (
        <p className="note bad">
          <strong>It did not work.</strong> {task.error.detail}
        </p>
      )}
      {hasOther && may('restores:run') && (
        <section className="panel way-back" aria-label="The way back">
          <p>
            {texts.kept} is kept as <code>{restore.kept_database}</code>
            {restore.undo_until !== null && (
              <>
                , to be dropped <Ago at={restore.undo_until} />
              </>
            )}
            .
          </p>
          <div className="actions">
            <Button icon="restore" onClick={() => setAsked('undo')}>
              {texts.back}
            </Button>
            <Button onClick={() => setAsked('discard')}>{texts.drop}</Button>
          </div>
        </section>
      )}
      {asked && (
        <Ask
          way={asked}
          texts={texts}
          restore={restore}
          busy={run.isPending}
          error={run.error}
          onClose={() => setAsked(null)}
          onYes={() => run.mutate(asked)}
        />
      )}
    </>
  )
}

interface Texts {
  kept: string
  back: string
  backTitle: string
  backNow: string
  backText(database: string): string
  drop: string
  dropText(database: string): string
}

const ofRestored: Texts = {
  kept: 'The database from before',
  back: 'Undo this restore',
  backTitle: 'Undo this restore?',
  backNow: 'Undo now',
  backText: (database) =>
    `The database from before the restore becomes ${database} again, by renaming. What was written since the restore is not in it; the restored database is kept in its turn.`,
  drop: 'Drop the old database',
  dropText: (database) =>
    `There is no undo after that. What was in ${database} before the restore is then only in backups.`,
}

const ofUndone: Texts = {
  kept: 'The restored database',
  back: 'Bring the restored one back',
  backTitle: 'Bring the restored database back?',
  backNow: 'Bring it back now',
  backText: (database) =>
    `The restored database becomes ${database} again, by renaming. What was written since the undo is not in it; the present database is kept in its turn.`,
  drop: 'Drop the restored database',
  dropText: (database) => `${database} stays as it is. What was restored is then only in the backup.`,
}

interface AskProps {
  way: Way
  texts: Texts
  restore: Restore
  busy: boolean
  error: unknown
  onClose(): void
  onYes(): void
}

function Ask({ way, texts, restore, busy, error, onClose, onYes }: AskProps) {
  const [typed, setTyped] = useState('')
  const isUndo = way === 'undo'
  const matches = isUndo || isTyped(typed, restore.database)
  return (
    <Dialog
      title={isUndo ? texts.backTitle : `${texts.drop}?`}
      onClose={onClose}
      onSubmit={() => matches && onYes()}
      actions={
        <Button kind="danger" type="submit" busy={busy} disabled={!matches}>
          {isUndo ? texts.backNow : 'Drop it for good'}
        </Button>
      }
    >
      <p>{isUndo ? texts.backText(restore.database) : texts.dropText(restore.database)}</p>
      {!isUndo && (
        <TypedConfirmation
          wanted={restore.database}
          what="the name of the database"
          typed={typed}
          onChange={setTyped}
        />
      )}
      <Complaint error={error} />
    </Dialog>
  )
}
