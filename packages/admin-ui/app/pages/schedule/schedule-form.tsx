import { useDeferredValue, useState } from 'react'
import { useAutomaticBackup } from '../../api/queries.ts'
import type { Config } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint, tell } from '../../parts/failure.tsx'
import { Check, SelectField, TextField } from '../../parts/field.tsx'
import { known, t } from '../../texts/texts.ts'
import { useChangeConfig } from '../settings/use-change-config.ts'
import { NextRuns } from './next-runs.tsx'
import { inWords } from './schedule-words.ts'
import { TimeZoneField } from './time-zone-field.tsx'

const hours = Array.from({ length: 24 }, (_, hour) => hour)

/** Says when backups are made, and shows at once what that comes to. */
export function ScheduleForm({ config }: { config: Config }) {
  const { may, media_folders: folders } = useSession()
  const mayChange = may('config:write')
  const change = useChangeConfig(t('The schedule was changed.'))
  const [draft, setDraft] = useState({
    enabled: config.auto_backup_enabled,
    byCron: config.auto_backup_cron !== null,
    hour: config.auto_backup_hour,
    cron: config.auto_backup_cron ?? `0 ${config.auto_backup_hour} * * *`,
    media: config.auto_backup_include_media,
    type: config.auto_backup_type,
    jitter: config.auto_backup_jitter_minutes,
    zone: config.time_zone ?? '',
  })
  const set = (next: Partial<typeof draft>) => setDraft({ ...draft, ...next })
  const trial = useDeferredValue({
    auto_backup_enabled: 'true',
    auto_backup_hour: draft.hour,
    auto_backup_cron: draft.byCron ? draft.cron : '',
    auto_backup_jitter_minutes: draft.jitter,
    ...(draft.zone.trim() === '' ? {} : { time_zone: draft.zone.trim() }),
  })
  const next = useAutomaticBackup(trial, 5)
  const refusal = next.error ? tell(next.error).text : null
  const cronProblem = refusal?.includes('cron') ? known(refusal.replace(/^.*?auto_backup_cron: /, '')) : null
  const save = () =>
    change.mutate({
      auto_backup_enabled: draft.enabled,
      auto_backup_hour: draft.hour,
      auto_backup_cron: draft.byCron ? draft.cron : null,
      auto_backup_include_media: draft.media,
      auto_backup_type: draft.type,
      auto_backup_jitter_minutes: draft.jitter,
      time_zone: draft.zone.trim() || null,
    })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <fieldset disabled={!mayChange} className="stack bare">
        <legend className="visually-hidden">{t('Automatic backup')}</legend>
        <Check
          label={t('Make backups automatically')}
          hint={
            draft.enabled
              ? t('Made {when}.', { when: inWords(draft) })
              : t('Off: backups are made only by people and programs.')
          }
          checked={draft.enabled}
          onChange={(enabled) => set({ enabled })}
        />
        <div className="fields">
          <SelectField
            label={t('How often')}
            value={draft.byCron ? 'cron' : 'daily'}
            onChange={(event) => set({ byCron: event.target.value === 'cron' })}
          >
            <option value="daily">{t('Every day at one hour')}</option>
            <option value="cron">{t('By a cron expression')}</option>
          </SelectField>
          {draft.byCron ? (
            <TextField
              label={t('Cron expression')}
              hint={t('Minute, hour, day of month, month, day of week.')}
              problem={cronProblem}
              value={draft.cron}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => set({ cron: event.target.value })}
            />
          ) : (
            <SelectField
              label={t('Hour')}
              value={draft.hour}
              onChange={(event) => set({ hour: Number(event.target.value) })}
            >
              {hours.map((hour) => (
                <option key={hour} value={hour}>
                  {String(hour).padStart(2, '0')}:00
                </option>
              ))}
            </SelectField>
          )}
          <TimeZoneField value={draft.zone} onChange={(zone) => set({ zone })} />
          <SelectField
            label={t('Kind')}
            value={draft.type}
            onChange={(event) => set({ type: event.target.value as typeof draft.type })}
          >
            <option value="full">{t('Full')}</option>
            <option value="incremental">{t('Incremental')}</option>
            <option value="differential">{t('Differential')}</option>
          </SelectField>
          <TextField
            label={t('Spread over (minutes)')}
            hint={t('Begins up to that much later, so that many applications do not begin at once.')}
            type="number"
            min={0}
            max={720}
            value={draft.jitter}
            onChange={(event) => set({ jitter: Number(event.target.value) })}
          />
        </div>
        {(folders.length > 0 || draft.media) && (
          <Check
            label={t('With media')}
            hint={
              folders.length > 0
                ? t('The folders {folders}.', { folders: folders.join(', ') })
                : t('The application names no folder.')
            }
            checked={draft.media}
            onChange={(media) => set({ media })}
          />
        )}
      </fieldset>
      <NextRuns runs={next.data?.next_runs ?? []} enabled={draft.enabled} invalid={refusal !== null} />
      <Complaint error={change.error} />
      {mayChange ? (
        <div>
          <Button kind="primary" type="submit" busy={change.isPending} disabled={refusal !== null}>
            {t('Save schedule')}
          </Button>
        </div>
      ) : (
        <p className="muted">
          {t('You may look at the schedule; changing it needs the right to change the configuration.')}
        </p>
      )}
    </form>
  )
}
