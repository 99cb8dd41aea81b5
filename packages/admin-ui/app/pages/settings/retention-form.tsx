import { useDeferredValue, useState } from 'react'
import type { Config } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { TextField } from '../../parts/field.tsx'
import { type Plain, t } from '../../texts/texts.ts'
import { limits, periods, type RetentionField } from './retention-fields.ts'
import { RetentionPreview } from './retention-preview.tsx'
import { useBounds } from './use-bounds.ts'
import { useChangeConfig } from './use-change-config.ts'

type Draft = Record<RetentionField, string>
const names = [...limits, ...periods].map(([name]) => name)

/** How much is kept; what that would mean for the backups there are is shown before it is saved. */
export function RetentionForm({ config }: { config: Config }) {
  const { may } = useSession()
  const bounds = useBounds()
  const change = useChangeConfig(t('What is kept was changed.'))
  const [draft, setDraft] = useState(
    () => Object.fromEntries(names.map((name) => [name, String(config[name])])) as Draft,
  )
  const problemOf = (name: keyof Draft): string | null => {
    const value = Number(draft[name])
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = bounds[name] ?? {}
    if (draft[name].trim() === '' || !Number.isInteger(value)) return t('A whole number.')
    return value < minimum || value > maximum
      ? t('From {low} to {high}.', { low: String(minimum), high: String(maximum) })
      : null
  }
  const isValid = names.every((name) => problemOf(name) === null)
  const values = Object.fromEntries(names.map((name) => [name, Number(draft[name])])) as Record<keyof Draft, number>
  const { safety_backup_days: _, ...trial } = values
  const shown = useDeferredValue(isValid ? trial : null)
  const field = (name: keyof Draft, label: Plain, hint: Plain) => (
    <TextField
      key={name}
      label={t(label)}
      hint={t(hint)}
      problem={problemOf(name)}
      type="number"
      min={bounds[name]?.minimum ?? 0}
      max={bounds[name]?.maximum}
      value={draft[name]}
      onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
    />
  )
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (isValid) change.mutate(values)
      }}
    >
      <fieldset className="bare" disabled={!may('config:write')}>
        <legend className="visually-hidden">{t('What is kept')}</legend>
        <div className="fields">{limits.map(([name, label, hint]) => field(name, label, hint))}</div>
        <h3 className="between">{t('Kept whatever the limits say: one backup for each of the last …')}</h3>
        <div className="fields narrow-fields">{periods.map(([name, label, hint]) => field(name, label, hint))}</div>
      </fieldset>
      <p className="muted">{t('Always kept: pinned backups, the last good one, and what an undo needs.')}</p>
      {shown && <RetentionPreview trial={shown} />}
      <Complaint error={change.error} />
      {may('config:write') && (
        <div>
          <Button kind="primary" type="submit" busy={change.isPending} disabled={!isValid}>
            {t('Save what is kept')}
          </Button>
        </div>
      )}
    </form>
  )
}
