import { useEffect, useId, useMemo, useRef, useState } from 'react'
import type { LogLine } from '../api/records.ts'
import { Button } from '../parts/button.tsx'
import { Complaint } from '../parts/failure.tsx'
import { words } from '../parts/format.ts'
import { announce, complain } from '../parts/toasts.tsx'
import { t } from '../texts/texts.ts'
import { useTaskLogs } from './use-task-logs.ts'

const lineHeight = 20
/** Lines drawn above and below what is seen. */
const margin = 20
/** Closer to the end than this counts as being there. */
const nearEnd = 2 * lineHeight

/** The log of a task: live, searched, copied, saved. Draws only the lines that are seen, so that 100,000 are no burden. */
export function LogView({ taskId }: { taskId: string | null }) {
  const { lines, loading, error } = useTaskLogs(taskId)
  const [search, setSearch] = useState('')
  const [follow, setFollow] = useState(true)
  const [top, setTop] = useState(0)
  const box = useRef<HTMLDivElement>(null)
  const searchId = useId()
  const found = useMemo(() => {
    const wanted = search.toLowerCase()
    return wanted === '' ? lines : lines.filter(({ message }) => message.toLowerCase().includes(wanted))
  }, [lines, search])
  useEffect(() => {
    if (follow && box.current && found.length > 0) box.current.scrollTop = box.current.scrollHeight
  }, [found.length, follow])

  const height = box.current?.clientHeight ?? 320
  const first = Math.max(0, Math.floor(top / lineHeight) - margin)
  const seen = found.slice(first, Math.ceil((top + height) / lineHeight) + margin)
  const text = () => found.map((line) => `${line.at} ${line.level.toUpperCase()} ${line.message}`).join('\n')

  return (
    <div className="log">
      <div className="log-tools">
        <label className="visually-hidden" htmlFor={searchId}>
          {t('Search in the log')}
        </label>
        <input
          id={searchId}
          type="search"
          placeholder={t('Search in the log')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <span className="muted numbers">{loading ? t('Loading') : t('{n} line | {n} lines', { n: found.length })}</span>
        <Button kind="quiet" aria-pressed={follow} onClick={() => setFollow(!follow)}>
          {follow ? t('Following') : t('Follow')}
        </Button>
        {/* A browser has no clipboard for pages that come unencrypted from another machine. */}
        {isSecureContext && (
          <Button
            kind="quiet"
            onClick={() =>
              navigator.clipboard.writeText(text()).then(() => announce(t('The log was copied.')), complain)
            }
          >
            {t('Copy#clipboard')}
          </Button>
        )}
        <Button kind="quiet" onClick={() => save(text(), `${taskId}.log`)}>
          {t('Save')}
        </Button>
      </div>
      <Complaint error={error} />
      <div
        ref={box}
        className="log-lines"
        // Scrolled by the keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        role="log"
        aria-label={t('Log')}
        aria-live="off"
        onScroll={({ currentTarget }) => {
          setTop(currentTarget.scrollTop)
          const left = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight
          setFollow(left < nearEnd)
        }}
      >
        {lines.length === 0 && !loading && !error && <p className="muted">{t('Nothing has been said yet.')}</p>}
        <Lines lines={seen} before={first} all={found.length} />
      </div>
    </div>
  )
}

function Lines({ lines, before, all }: { lines: readonly LogLine[]; before: number; all: number }) {
  return (
    <ol style={{ height: all * lineHeight, paddingTop: before * lineHeight }}>
      {lines.map(({ seq, at, level, message }) => (
        <li key={seq}>
          <span className="at">{clock(at)}</span>{' '}
          <span className={level === 'error' ? 'error' : level === 'warning' ? 'warn' : ''}>
            {level === 'error' || level === 'warning' ? `${words(level)}: ` : ''}
            {message}
          </span>
        </li>
      ))}
    </ol>
  )
}

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const clock = (iso: string) => clockFormat.format(new Date(iso))

function save(text: string, name: string) {
  const url = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
