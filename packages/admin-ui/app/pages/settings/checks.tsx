import { useDoctor } from '../../api/queries.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { t } from '../../texts/texts.ts'

/** Everything a backup and a restore need, looked at now: storage, keys, database, tools. */
export function Checks() {
  const doctor = useDoctor()
  return (
    <Panel
      title={t('Checks')}
      actions={
        <Button busy={doctor.isFetching} onClick={() => doctor.refetch()}>
          {t('Check again')}
        </Button>
      }
    >
      <Loaded query={doctor} rows={6}>
        {({ checks }) => (
          <ul className="checks">
            {checks.map(({ id, level, message, advice }) => (
              <li key={id + message}>
                <Badge status={level} />
                <span>
                  <Prose text={message} />
                  {advice && (
                    <span className="row-note muted">
                      <Prose text={advice} />
                    </span>
                  )}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  )
}
