import { type ReactNode, useEffect, useRef } from 'react'
import { Link, useLocation } from 'wouter'
import { useLive, useStreamState } from '../api/live.tsx'
import { useSession } from '../api/session.tsx'
import icon from '../icon.svg'
import { clock } from '../parts/format.ts'
import { Icon, type IconName } from '../parts/icon.tsx'
import { EnvironmentMark } from '../parts/where-it-is.tsx'
import { known, type Plain, t } from '../texts/texts.ts'
import { ApprovalBell } from './approval-bell.tsx'
import { LanguageChoice } from './language-choice.tsx'
import { RunningNow } from './running-now.tsx'
import { ThemeChoice } from './theme-choice.tsx'
import { TimeChoice } from './time-choice.tsx'

const places: { to: string; name: Plain; icon: IconName; also?: string[] }[] = [
  { to: '/', name: 'Overview', icon: 'overview' },
  { to: '/backups', name: 'Backups#nav', icon: 'backups', also: ['/compare'] },
  { to: '/restore', name: 'Restore#nav', icon: 'restore', also: ['/restores'] },
  { to: '/drills', name: 'Drills', icon: 'check' },
  { to: '/activity', name: 'Activity', icon: 'activity' },
  { to: '/schedule', name: 'Schedule', icon: 'schedule' },
  { to: '/settings', name: 'Settings#nav', icon: 'settings' },
]

/** What is around every page: where one is, where one can go, and whether what is shown is current. */
export function Shell({ children }: { children: ReactNode }) {
  const isStale = useStreamState() === 'lost'
  return (
    <Frame
      where={<Where />}
      end={
        <>
          <ApprovalBell />
          <RunningNow />
          <Who />
        </>
      }
      className={isStale ? 'may-be-old' : undefined}
    >
      <Connection />
      {children}
    </Frame>
  )
}

/** The same before it is known who asks: the pages are there to be seen, and nothing of what is in them. */
export function WaitingShell() {
  return (
    <Frame where={null} end={null}>
      <div className="waiting" aria-busy="true" />
    </Frame>
  )
}

interface FrameProps {
  where: ReactNode
  end: ReactNode
  className?: string | undefined
  children: ReactNode
}

function Frame({ where, end, className, children }: FrameProps) {
  const [location] = useLocation()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    // A new page begins at its top, for eyes and for screen readers.
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
    window.scrollTo(0, 0)
    void location
  }, [location])
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {t('Skip to the page')}
      </button>
      <header className="side">
        <Link href="/" className="brand">
          <img src={icon} alt="" width="22" height="22" />
          <span>Lifeboat</span>
        </Link>
        {where}
        <nav aria-label={t('Pages')}>
          {places.map(({ to, name, icon, also = [] }) => {
            const here = to === '/' ? location === '/' : [to, ...also].some((start) => location.startsWith(start))
            return (
              <Link key={to} href={to} className="place" aria-current={here ? 'page' : undefined}>
                <Icon name={icon} />
                <span>{t(name)}</span>
              </Link>
            )
          })}
        </nav>
        <div className="side-end">{end}</div>
      </header>
      <main ref={main} tabIndex={-1} className={className}>
        {children}
      </main>
    </div>
  )
}

/** The application, where it runs, and the database: what is backed up here. */
function Where() {
  const { application, databases, databaseName } = useSession()
  return (
    <div className="where">
      <span className="application">{application}</span>
      <EnvironmentMark />
      {databases.length < 2 && databaseName !== undefined && <code className="muted">{databaseName}</code>}
      <DatabaseChoice />
    </div>
  )
}

function Who() {
  const { actor, version } = useSession()
  return (
    <div className="who">
      <span title={`Lifeboat ${version}`}>
        {actor.name}
        {actor.role && <span className="muted"> · {known(actor.role)}</span>}
      </span>
      <LanguageChoice />
      <TimeChoice />
      <ThemeChoice />
    </div>
  )
}

function DatabaseChoice() {
  const { databases, database_names: names, database, choose } = useSession()
  if (databases.length < 2) return null
  return (
    <label className="database-choice">
      <span>{t('Database')}</span>
      <select value={database} onChange={(event) => choose(event.target.value)}>
        {databases.map((label) => (
          <option key={label} value={label}>
            {names[label] === label ? label : `${label} (${names[label]})`}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Says so when the live stream is gone; the room above the page is taken only then. */
function Connection() {
  const state = useStreamState()
  const { lostAt } = useLive()
  return (
    <div role="status" className="connection-place">
      {state === 'lost' && (
        <p className="connection">
          {t(
            'The connection to the server is interrupted. What you see is from {time} and may be old; it is tried again by itself.',
            { time: clock(lostAt()) },
          )}
        </p>
      )}
    </div>
  )
}
