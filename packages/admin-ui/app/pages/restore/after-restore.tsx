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
import { TextField } from '../../parts/field.tsx'
import { Progress } from '../../parts/progress.tsx'

type Way = 'undo' | 'discard'

/** The two ways out of a restore: back, or for good. */
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
  const canReturn = restore.status === 'succeeded' && restore.kept_database !== null && may('restores:run')
  return (
    <>
      {task?.error && (
        <p className="note bad">
          <strong>It did not work.</strong> {task.error.detail}
        </p>
      )}
      {canReturn && (
        <section className="panel way-back" aria-label="The way back">
          <p>
            The database from before is kept as <code>{restore.kept_database}</code>
            {restore.undo_until !== null && (
              <>
                , to be dropped <Ago at={restore.undo_until} />
              </>
            )}
            .
          </p>
          <div className="actions">
            <Button icon="restore" onClick={() => setAsked('undo')}>
              Undo this restore
            </Button>
            <Button onClick={() => setAsked('discard')}>Drop the old database</Button>
          </div>
        </section>
      )}
      {asked && (
        <Ask
          way={asked}
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

interface AskProps {
  way: Way
  restore: Restore
  busy: boolean
  error: unknown
  onClose(): void
  onYes(): void
}

function Ask({ way, restore, busy, error, onClose, onYes }: AskProps) {
  const [typed, setTyped] = useState('')
  const isUndo = way === 'undo'
  const matches = isUndo || typed.trim() === restore.database
  return (
    <Dialog
      title={isUndo ? 'Undo this restore?' : 'Drop the old database?'}
      onClose={onClose}
      onSubmit={() => matches && onYes()}
      actions={
        <Button kind="danger" type="submit" busy={busy} disabled={!matches}>
          {isUndo ? 'Undo now' : 'Drop it for good'}
        </Button>
      }
    >
      <p>
        {isUndo
          ? `The database from before the restore becomes ${restore.database} again, by renaming. What was written since the restore is not in it; the restored database is kept in its turn.`
          : `There is no undo after that. What was in ${restore.database} before the restore is then only in backups.`}
      </p>
      {!isUndo && (
        <TextField
          label={`Type ${restore.database} to confirm`}
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
      <Complaint error={error} />
    </Dialog>
  )
}
