import { Check, SelectField, TextAreaField, TextField } from '../parts/field.tsx'
import { capital, words } from '../parts/format.ts'
import { Prose } from '../parts/prose.tsx'
import { t } from '../texts/texts.ts'
import type { Draft } from './draft.ts'
import type { FieldSpec } from './field-spec.ts'

interface FieldsProps {
  fields: readonly FieldSpec[]
  draft: Draft
  problems: Readonly<Record<string, string>>
  /** Path of the group that they are in, with a dot at its end. */
  within?: string
  onChange(draft: Draft): void
}

/** The fields of an input, in the order of its schema. */
export function ActionFields({ fields, draft, problems, within = '', onChange }: FieldsProps) {
  return fields.map((field) => (
    <OneField
      key={field.name}
      field={field}
      value={draft[field.name]}
      problems={problems}
      path={within + field.name}
      onChange={(value) => onChange({ ...draft, [field.name]: value })}
    />
  ))
}

interface OneProps {
  field: FieldSpec
  value: Draft[string] | undefined
  problems: Readonly<Record<string, string>>
  path: string
  onChange(value: Draft[string]): void
}

function OneField({ field, value, problems, path, onChange }: OneProps) {
  const { kind, label, hint: text, options = [], fields = [], required } = field
  const hint = text === '' ? undefined : <Prose text={text} />
  const common = { label, hint, problem: problems[path] ?? null }
  const shown = typeof value === 'string' ? value : ''
  if (kind === 'check') return <Check label={label} hint={hint} checked={value === true} onChange={onChange} />
  if (kind === 'group')
    return (
      <fieldset className="stack field-group">
        <legend>{label}</legend>
        {hint && <p className="hint">{hint}</p>}
        <ActionFields
          fields={fields}
          draft={(value ?? {}) as Draft}
          problems={problems}
          within={`${path}.`}
          onChange={onChange}
        />
      </fieldset>
    )
  if (kind === 'choice')
    return (
      <SelectField {...common} value={shown} onChange={(event) => onChange(event.target.value)}>
        {!required && field.default === undefined && <option value="">{t('As by default')}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {option === 'true' ? t('Yes') : option === 'false' ? t('No') : capital(words(option))}
          </option>
        ))}
      </SelectField>
    )
  if (kind === 'number')
    return (
      <TextField
        {...common}
        type="number"
        inputMode="numeric"
        min={field.minimum}
        max={field.maximum}
        value={shown}
        onChange={(event) => onChange(event.target.value)}
      />
    )
  if (kind === 'text')
    return (
      <TextField
        {...common}
        maxLength={field.maxLength}
        autoComplete="off"
        spellCheck={false}
        value={shown}
        onChange={(event) => onChange(event.target.value)}
      />
    )
  const form =
    kind === 'pairs' ? t('One a line: name=value.') : kind === 'lines' ? t('One a line.') : kind === 'json' && 'JSON.'
  return (
    <TextAreaField
      {...common}
      hint={
        <>
          {hint} {form}
        </>
      }
      rows={kind === 'long' ? 3 : 2}
      spellCheck={false}
      value={shown}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
