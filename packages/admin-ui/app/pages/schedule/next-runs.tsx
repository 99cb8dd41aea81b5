import { Ago } from '../../parts/ago.tsx'
import { exact } from '../../parts/format.ts'
import { t } from '../../texts/texts.ts'

/** The next five times, as they would be. */
export function NextRuns({ runs, enabled, invalid }: { runs: readonly string[]; enabled: boolean; invalid: boolean }) {
  return (
    <div className="next-runs">
      <h3>{enabled ? t('The next five times') : t('The next five times, if it were on')}</h3>
      <ol>
        {invalid ? (
          <li className="muted">{t('This is not a schedule yet.')}</li>
        ) : (
          runs.slice(0, 5).map((iso) => (
            <li key={iso}>
              {exact(iso)}{' '}
              <span className="muted">
                (<Ago at={iso} />)
              </span>
            </li>
          ))
        )}
      </ol>
    </div>
  )
}
