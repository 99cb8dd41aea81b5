import { usePaused } from '../api/queries.ts'
import { isOpen, type Task } from '../api/records.ts'
import { bytes, capital, count, duration } from './format.ts'
import { phaseText } from './phases.ts'

/** How far a task is. Takes the same room from the beginning to the end. */
export function Progress({ task }: { task: Pick<Task, 'status' | 'progress'> }) {
  const { progress, status } = task
  const share = status === 'succeeded' ? 100 : (progress?.percent ?? null)
  const paused = usePaused(status === 'queued')
  const waiting = paused ? 'Waiting: the queue is paused' : 'Waiting for its turn'
  const phase = status === 'queued' ? waiting : progress ? phaseText(progress.phase) : 'Starting'
  return (
    <div className="progress">
      <progress
        aria-label={`Progress: ${isOpen(task) ? phase : status}`}
        max={100}
        {...(share === null ? {} : { value: share })}
      />
      <span className="progress-text">
        <span>{isOpen(task) ? phase : capital(status)}</span>
        <span className="muted numbers">{isOpen(task) ? particulars(progress) : ''}</span>
      </span>
    </div>
  )
}

function particulars(progress: Task['progress']): string {
  if (!progress) return ''
  return [
    progress.percent === null ? '' : `${Math.floor(progress.percent)} %`,
    progress.bytes > 0 ? bytes(progress.bytes) : '',
    progress.rows ? `${count(progress.rows)} rows` : '',
    progress.eta_seconds === null ? '' : `about ${duration(Math.max(1, progress.eta_seconds))} left`,
  ]
    .filter(Boolean)
    .join(' · ')
}
