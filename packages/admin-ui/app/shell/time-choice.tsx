import { chooseExactTimes, useExactTimes } from '../parts/exact-times.ts'
import { Icon } from '../parts/icon.tsx'
import { t } from '../texts/texts.ts'

/** Times as how long ago, or as they are. */
export function TimeChoice() {
  const isExact = useExactTimes()
  return (
    <button
      type="button"
      className="button quiet icon-only"
      aria-pressed={isExact}
      aria-label={t('Exact times')}
      title={t('Exact times')}
      onClick={() => chooseExactTimes(!isExact)}
    >
      <Icon name="clock" />
    </button>
  )
}
