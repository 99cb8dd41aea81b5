import { usePaused } from '../api/queries.ts'
import { isOpen, type Task } from '../api/records.ts'
import { t } from '../texts/texts.ts'
import { bytes, capital, duration, percent, words } from './format.ts'
import { phaseText } from './phases.ts'
import { WaitNote } from './wait-note.tsx'

/** How far a task is. Takes the same room from the beginning to the end. */
export function Progress({ task }: { task: Pick<Task, 'task_id' | 'status' | 'progress'> }) {
  const { progress, status } = task
  // A bar that moves while nothing does would be untrue.
  const standsStill = isOpen(task) && progress?.waiting !== undefined
  const share = status === 'succeeded' ? 100 : standsStill ? 0 : (progress?.percent ?? null)
  const paused = usePaused(status === 'queued')
  const waiting = paused ? t('Waiting: the queue is paused') : t('Waiting for its turn')
  const phase = status === 'queued' ? waiting : progress ? phaseText(progress.phase) : t('Starting')
  return (
    <div className="progress">
      <progress
        aria-label={t('Progress: {phase}', { phase: isOpen(task) ? phase : words(status) })}
        max={100}
        {...(share === null ? {} : { value: share })}
      />
      <span className="progress-text">
        <span>{isOpen(task) ? phase : capital(words(status))}</span>
        <span className="muted numbers">{isOpen(task) ? particulars(progress) : ''}</span>
      </span>
      {standsStill && <WaitNote task={task} />}
    </div>
  )
}

function particulars(progress: Task['progress']): string {
  if (!progress) return ''
  return [
    progress.percent === null ? '' : percent(Math.floor(progress.percent) / 100),
    progress.bytes > 0 ? bytes(progress.bytes) : '',
    progress.rows ? t('{n} row | {n} rows', { n: progress.rows }) : '',
    progress.eta_seconds === null ? '' : t('about {time} left', { time: duration(Math.max(1, progress.eta_seconds)) }),
  ]
    .filter(Boolean)
    .join(' · ')
}
