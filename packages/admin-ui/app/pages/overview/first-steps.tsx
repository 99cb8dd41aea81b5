import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useAction } from '../../api/actions.ts'
import { type HttpApi, uiRoot } from '../../api/client.ts'
import { useChecklist } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { t } from '../../texts/texts.ts'

type Point = HttpApi['GET checklist']['result']['points'][number]

/** The points of the production checklist that make the first hour, in the order in which they are done. */
const steps = [
  { point: 'encryption', title: 'A repository is made' },
  { point: 'second_key', title: 'The recovery kit is taken, or there is a second key' },
  { point: 'full_backup', title: 'The first backup is made' },
  { point: 'restore_tested', title: 'A restore is tested' },
  { point: 'schedule', title: 'Backups run by themselves' },
  { point: 'channel', title: 'A channel reports failures' },
] as const
type StepPoint = (typeof steps)[number]['point']

/**
 * A first step stays done: what stops being so later is told by the verdict and the checklist. No person can tick one;
 * each is judged by what was found.
 */
function isDone({ id, state, last_true_at: last }: Point): boolean {
  // Whatever is known of its encryption: there is one.
  if (id === 'encryption') return state !== 'unknown'
  return state === 'done' || state === 'not_needed' || last !== null
}

interface FirstStepsProps {
  /** Asks for a backup. */
  onBackup(): void
  /** Of the newest good backup. */
  last: string | undefined
}

/** What a new installation lacks, for those who can change that. Gone for good once all of it was done. */
export function FirstSteps(props: FirstStepsProps) {
  const { may, database } = useSession()
  const key = `lifeboat.first-steps-done ${uiRoot} ${database ?? ''}`
  // What was once seen to be done is not asked for again: the checklist looks at servers and storages.
  const [wasDone] = useState(() => localStorage.getItem(key) !== null)
  const remember = useCallback(() => localStorage.setItem(key, new Date().toISOString()), [key])
  if (wasDone || !may('config:write') || !may('backups:create')) return null
  return <Steps {...props} onDone={remember} />
}

function Steps({ onBackup, last, onDone }: FirstStepsProps & { onDone(): void }) {
  const { database } = useSession()
  const kit = useAction('keys.recoveryKit')
  const { data } = useChecklist({ always: true })
  const found = steps.flatMap(({ point, title }) => {
    const judged = data?.points.find((one) => one.id === point && (one.database ?? database) === database)
    return judged ? [{ title, judged, done: isDone(judged) }] : []
  })
  const open = found.filter(({ done }) => !done)
  const isOver = found.length === steps.length && open.length === 0
  useEffect(() => {
    if (isOver) onDone()
  }, [isOver, onDone])
  if (open.length === 0) return null
  const ways: Partial<Record<StepPoint, ReactNode>> = {
    second_key: kit && <ButtonLink to="/settings#maintenance">{t('Take the recovery kit')}</ButtonLink>,
    full_backup: <Button onClick={onBackup}>{t('Make the first backup')}</Button>,
    restore_tested: last && <ButtonLink to={`/backups/${last}#more`}>{t('Try a restore')}</ButtonLink>,
    schedule: <ButtonLink to="/schedule">{t('Turn the schedule on')}</ButtonLink>,
  }
  return (
    <Panel
      title={t('First steps')}
      actions={
        <span className="muted">
          {t('{done} of {all} done', { done: found.length - open.length, all: found.length })}
        </span>
      }
    >
      <ol className="first-steps">
        {found.map(({ title, done, judged }) => (
          <li key={judged.id} className={done ? 'done' : ''} data-step={judged.id}>
            <span className="mark">{done && <Icon name="check" />}</span>
            <div>
              <strong>
                <span className="visually-hidden">{done ? t('Done:') : t('To do:')} </span>
                {t(title)}
              </strong>
              {!done && <Why judged={judged} advise={!ways[judged.id as StepPoint]} />}
            </div>
            {!done && ways[judged.id as StepPoint]}
          </li>
        ))}
      </ol>
    </Panel>
  )
}

/** What was found, and what the server advises where no page deals with it. */
function Why({ judged: { message, advice }, advise }: { judged: Point; advise: boolean }) {
  return (
    <span className="row-note">
      <Prose text={message} />{' '}
      {advise && advice && (
        <span className="muted">
          <Prose text={advice} />
        </span>
      )}
    </span>
  )
}
