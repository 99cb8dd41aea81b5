import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ActionDescription, callAction, useActions } from '../../api/actions.ts'
import type { HttpApi } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { ActionFields } from '../../forms/action-fields.tsx'
import { type Draft, draftOf, readDraft } from '../../forms/draft.ts'
import { fieldSpec, type JsonSchema } from '../../forms/field-spec.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Check, SelectField, TextField } from '../../parts/field.tsx'
import { announce } from '../../parts/toasts.tsx'
import { known, t } from '../../texts/texts.ts'
import { kindText } from '../activity/kinds.ts'
import { inWords } from './schedule-words.ts'
import { TimeZoneField } from './time-zone-field.tsx'

export type Schedule = HttpApi['GET schedule']['result']['results'][number]

/** People confirm these: they do not run by themselves. */
const never = new Set(['restore', 'undo', 'discard', 'rewind', 'undo-rewind', 'extract', 'patch'])

interface ScheduleDraft {
  name: string
  kind: string
  cron: string
  zone: string
  jitter: string
  enabled: boolean
  database: string
}

/** What is typed of a schedule, the fields of its job, and the way to save both. */
function useScheduleDraft(schedule: Schedule | null, onSaved: () => void) {
  const { databases } = useSession()
  const client = useQueryClient()
  const all = useActions() ?? []
  const save = all.find(({ name }) => name === 'schedules.save')
  const jobs = all.filter(({ job }) => job !== null && !never.has(job))
  const [draft, setDraft] = useState<ScheduleDraft>({
    name: schedule?.name ?? '',
    kind: schedule?.kind ?? 'backup',
    cron: schedule?.cron ?? '0 3 * * 0',
    zone: schedule?.time_zone ?? '',
    jitter: String(schedule?.jitter_minutes ?? 0),
    enabled: schedule?.enabled ?? true,
    database: schedule?.database ?? databases[0] ?? '',
  })
  const job = jobs.find((one) => one.job === draft.kind)
  const isOfDatabase = job?.fields.some(({ name }) => name === 'database') ?? false
  const fields = fieldsOf(job)
  const empty = draftOf(fields)
  const [asked, setAsked] = useState<Draft>(() => draftOf(fields, schedule?.input))
  const { input, problems } = readDraft(fields, { ...empty, ...asked }, empty)
  const change = useMutation({
    mutationFn: () =>
      callAction(save as ActionDescription, {
        subject: draft.name.trim(),
        input: {
          ...{ kind: draft.kind, cron: draft.cron.trim(), enabled: draft.enabled, input },
          ...{ time_zone: draft.zone || null, jitter_minutes: Number(draft.jitter) || 0 },
          ...(isOfDatabase && draft.database ? { database: draft.database } : {}),
        },
      }),
    onSuccess() {
      announce(t('The schedule {name} was saved.', { name: draft.name.trim() }))
      client.invalidateQueries()
      onSaved()
    },
  })
  return {
    ...{ draft, jobs, job, isOfDatabase, fields, problems, setAsked, change },
    set: (next: Partial<ScheduleDraft>) => setDraft({ ...draft, ...next }),
    asked: { ...empty, ...asked },
    isValid: save !== undefined && draft.name.trim() !== '' && Object.keys(problems).length === 0,
  }
}

/** A job that runs by itself: which, of which database, when, and what it is asked for. */
export function ScheduleDialog({ schedule, onClose }: { schedule: Schedule | null; onClose(): void }) {
  const form = useScheduleDraft(schedule, onClose)
  const { draft, set, fields, change, isValid } = form
  return (
    <Dialog
      title={schedule ? t('Change the schedule {name}', { name: schedule.name }) : t('Add a schedule')}
      onClose={onClose}
      onSubmit={() => isValid && change.mutate()}
      actions={
        <Button kind="primary" type="submit" busy={change.isPending} disabled={!isValid}>
          {t('Save')}
        </Button>
      }
    >
      {!schedule && (
        <TextField
          label={t('Name')}
          hint={t('Small letters, digits, _ . and -')}
          value={draft.name}
          maxLength={63}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ name: event.target.value })}
        />
      )}
      <WhatItDoes form={form} />
      <TextField
        label={t('Cron expression')}
        hint={t('Minute, hour, day of month, month, day of week: {when}.', {
          when: inWords({ byCron: true, hour: 0, cron: draft.cron }),
        })}
        value={draft.cron}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => set({ cron: event.target.value })}
      />
      <TimeZoneField value={draft.zone} onChange={(zone) => set({ zone })} />
      <Check label={t('On')} checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
      {fields.length > 0 && (
        <details className="more">
          <summary>{t('What the job is asked for')}</summary>
          <div className="stack">
            <ActionFields fields={fields} draft={form.asked} problems={form.problems} onChange={form.setAsked} />
          </div>
        </details>
      )}
      <Complaint error={change.error} />
    </Dialog>
  )
}

function WhatItDoes({ form }: { form: ReturnType<typeof useScheduleDraft> }) {
  const { databases } = useSession()
  const { draft, set, jobs, job, isOfDatabase, setAsked } = form
  return (
    <>
      <SelectField
        label={t('What it does')}
        hint={job && known(job.summary)}
        value={draft.kind}
        onChange={(event) => {
          set({ kind: event.target.value })
          setAsked({})
        }}
      >
        {jobs.map(({ job: kind, name }) => (
          <option key={name} value={kind ?? ''}>
            {kindText(kind ?? '')}
          </option>
        ))}
      </SelectField>
      {isOfDatabase && databases.length > 1 && (
        <SelectField
          label={t('Database')}
          value={draft.database}
          onChange={(event) => set({ database: event.target.value })}
        >
          {databases.map((label) => (
            <option key={label}>{label}</option>
          ))}
        </SelectField>
      )}
    </>
  )
}

/** What a job can be asked for by a schedule: a verification that names no backup is of the newest one. */
function fieldsOf(job: ActionDescription | undefined) {
  const isNeeded = job?.subject !== null && job?.subject !== 'backup'
  return [
    ...(job && isNeeded ? [fieldSpec(job.subject as string, { type: 'string' }, true)] : []),
    ...(job?.fields ?? [])
      .filter(({ name }) => name !== 'database')
      .map(({ name, schema, required }) => fieldSpec(name, schema as JsonSchema, required)),
  ]
}
