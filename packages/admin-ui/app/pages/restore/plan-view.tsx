import { Link } from 'wouter'
import type { RestoreBody, RestorePlan } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { duration } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, type Plain, t } from '../../texts/texts.ts'
import { CarriedSteps } from './carried-steps.tsx'
import { type Loss, LostRows } from './lost-rows.tsx'
import { MigrationRail } from './migration-rail.tsx'
import { stopsOf, verdictText } from './migration-stops.ts'

interface PlanViewProps {
  plan: RestorePlan
  /** The migrations in the backup, by inspector. */
  applied: Record<string, string[]>
  onOverride(name: string): void
  onChange(next: RestoreBody): void
}

interface Instead {
  backup: string
  number: number
  created_at: string
}

/** Options that mend a refusal, for those who cannot know their names. */
const remedies: Record<string, { text: Plain; change: RestoreBody }[]> = {
  ROLES_MISSING: [
    { text: 'Create these roles', change: { create_roles: true } },
    { text: 'Leave owners and privileges out', change: { no_owner: true, no_privileges: true } },
  ],
  TABLESPACES_MISSING: [{ text: 'Leave tablespaces out', change: { no_tablespaces: true } }],
  OTHER_DATABASE: [{ text: 'It is meant: replace this database', change: { into_other: true } }],
  NO_CREATEDB: [{ text: 'Restore in place instead', change: { strategy: 'in-place' } }],
  NO_SECOND_DATABASE: [{ text: 'Restore in place instead', change: { strategy: 'in-place' } }],
}

/** The plan drawn: may it begin, what happens to the schema, what will be done, how long it takes, what is kept. */
export function PlanView({ plan, applied, onOverride, onChange }: PlanViewProps) {
  const instead = 'instead' in plan ? (plan.instead as Instead | null) : null
  const isRefused = plan.refusals.length > 0
  const seconds = plan.steps.reduce((sum, step) => sum + (step.seconds ?? 0), 0)
  return (
    <Panel
      title={t('2. What would happen')}
      actions={<Badge status={isRefused ? 'failed' : 'ok'}>{isRefused ? t('refused') : t('can begin')}</Badge>}
    >
      <div className="stack">
        {(isRefused || plan.warnings.length > 0 || plan.overridden.length > 0) && (
          <ul className="notes">
            {plan.refusals.map(({ code, text, override }) => (
              <li key={`${code}${text}`} className="note bad">
                <Prose text={text} />
                <span className="remedies">
                  {(remedies[code] ?? []).map((remedy) => (
                    <Button key={remedy.text} onClick={() => onChange(remedy.change)}>
                      {t(remedy.text)}
                    </Button>
                  ))}
                  {override && override !== 'unsigned-steps' && !remedies[code] && (
                    <Button onClick={() => onOverride(override)}>{t('Go ahead all the same')}</Button>
                  )}
                </span>
              </li>
            ))}
            {plan.overridden.map(({ code, text }) => (
              <li key={code} className="note bad">
                <strong>{t('Overridden by you.')}</strong> <Prose text={text} />
              </li>
            ))}
            {plan.warnings.map(({ code, text }) => (
              <li key={`${code}${text}`} className="note">
                <Prose text={text} />
              </li>
            ))}
          </ul>
        )}
        {instead && <Other instead={instead} />}
        <CarriedSteps plan={plan} onChange={onChange} />
        {plan.migrations.map((one) => (
          <div key={one.inspector}>
            <h3>
              {t('Migrations of {name}', { name: one.inspector })} <Badge status={one.comparison.verdict} />
            </h3>
            <p className="muted">{t(verdictText(one, plan.options.migrate))}</p>
            <MigrationRail
              label={t('Migrations of {name}', { name: one.inspector })}
              stops={stopsOf(one, applied[one.inspector] ?? [], plan.options.migrate)}
            />
          </div>
        ))}
        <div>
          <h3>
            {t('Steps')}{' '}
            <span className="muted">
              {seconds > 0 ? t('about {time} in all', { time: duration(Math.max(1, seconds)) }) : ''}
            </span>
          </h3>
          <ol className="steps">
            {plan.steps.map(({ id, text, seconds: own }) => (
              <li key={id}>
                <span>{known(text)}</span>
                <span className="muted numbers nowrap">
                  {own === undefined ? '' : `≈ ${duration(Math.max(1, own))}`}
                </span>
              </li>
            ))}
          </ol>
        </div>
        <LostRows lost={'lost' in plan ? (plan.lost as Loss | null) : null} />
        <p className="note calm">{whatIsKept(plan)}</p>
      </div>
    </Panel>
  )
}

/** The newest backup that fits the running code, where this one does not. */
function Other({ instead: { backup, number, created_at: made } }: { instead: Instead }) {
  return (
    <p className="note calm">
      {tx('The running code can restore <link>backup {number}</link>, made {time}.', {
        number: String(number),
        link: (words) => <Link href={`/backups/${backup}/restore`}>{words}</Link>,
        time: <Ago at={made} />,
      })}
    </p>
  )
}

function whatIsKept({ strategy, replaces, database, options }: RestorePlan): string {
  if (strategy === 'media')
    return [
      options.safety_backup ? t('A safety backup of the media folders is made first.') : '',
      t('The present folders are kept beside the new ones. {database} stays as it is.', { database }),
    ].join(' ')
  if (!replaces) return t('Nothing is replaced: {database} is made new.', { database })
  const safety = options.safety_backup
    ? t('A safety backup of what is there now is made first.')
    : t('No safety backup is made.')
  if (strategy === 'in-place') return `${safety} ${t('That backup is the only way back.')}`
  return `${safety} ${t('The present database is kept under another name, so that this can be undone in a moment. Until the swap, the application goes on with the present one.')}`
}
