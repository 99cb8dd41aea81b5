import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useAction } from '../../api/actions.ts'
import { call } from '../../api/client.ts'
import { useTask } from '../../api/queries.ts'
import { isOpen, type Task } from '../../api/records.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { TextField } from '../../parts/field.tsx'
import { bytes, oneTenth } from '../../parts/format.ts'
import { Progress } from '../../parts/progress.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'

interface Report {
  ok: boolean
  checks: { name: string; ok: boolean; problem: string | null; ms: number }[]
  upload_bytes_per_second: number
  download_bytes_per_second: number
  latency_ms: number
}

/** Tries whether the storage does what a repository needs, and how fast it is. */
export function StorageTest() {
  const action = useAction('storage.test')
  const [url, setUrl] = useState('')
  const [taskId, setTaskId] = useState<string | null>(null)
  const begin = useMutation({
    mutationFn: () => call('POST storage/test', { body: url.trim() === '' ? {} : { url: url.trim() } }),
    onSuccess: (started) => setTaskId(started.task_id),
  })
  const { data: task } = useTask(taskId)
  if (!action) return null
  const running = begin.isPending || (task !== undefined && isOpen(task))
  return (
    <div className="stack storage-test">
      <div className="actions">
        <Button busy={running} onClick={() => begin.mutate()}>
          {t('Test the storage')}
        </Button>
        <p className="hint">
          {t('Writes, reads, lists and deletes objects of its own; about a minute on a slow one.')}
        </p>
      </div>
      <details className="more">
        <summary>{t('Another storage')}</summary>
        <TextField
          label={t('URL')}
          hint={tx('A storage that the host listed in `allowedStorageEndpoints`.')}
          autoComplete="off"
          spellCheck={false}
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
      </details>
      <Complaint error={begin.error} />
      {task && (isOpen(task) ? <Progress task={task} /> : <Outcome task={task} />)}
    </div>
  )
}

function Outcome({ task }: { task: Task }) {
  const report = reportOf(task)
  if (!report)
    return (
      <p className="note bad">
        <strong>{t('The test did not come to its end.')}</strong> {known(task.error?.detail ?? '')}
      </p>
    )
  const failed = report.checks.filter(({ ok }) => !ok)
  return (
    <div className={`note ${report.ok ? 'ok' : 'bad'}`} role="status">
      <p>
        <strong>
          {report.ok
            ? t('The storage does all that is needed.')
            : t('{n} check failed. | {n} checks failed.', { n: failed.length })}
        </strong>{' '}
        {t(
          '{n} check; writes {writes}/s, reads {reads}/s, answers in {latency} ms. | {n} checks; writes {writes}/s, reads {reads}/s, answers in {latency} ms.',
          {
            n: report.checks.length,
            writes: bytes(report.upload_bytes_per_second),
            reads: bytes(report.download_bytes_per_second),
            latency: oneTenth(report.latency_ms),
          },
        )}
      </p>
      {failed.length > 0 && (
        <ul className="checks">
          {failed.map(({ name, problem }) => (
            <li key={name}>
              <Badge status="failed" />
              <span>
                {known(name)}
                {problem && <span className="row-note">{known(problem)}</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

/** Of a failed test the report comes with the error. */
function reportOf({ result, error }: Task): Report | null {
  const found = [result, error].find((one) => Array.isArray(one?.checks))
  return found ? (found as unknown as Report) : null
}
