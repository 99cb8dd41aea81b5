import { useState } from 'react'
import type { BackupDetails, RestoreBody } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Check, TextField } from '../../parts/field.tsx'
import { bytes } from '../../parts/format.ts'
import { type Plain, t } from '../../texts/texts.ts'

type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>
type Strategy = NonNullable<RestoreBody['strategy']>

const strategies: { id: Strategy; name: Plain; about: Plain }[] = [
  {
    id: 'swap',
    name: 'Replace the database, with a way back',
    about:
      'Restored beside the live database, checked there, then swapped in by renaming. The old one is kept, so it can be undone.',
  },
  {
    id: 'new-database',
    name: 'Restore into a new database',
    about: 'Nothing is replaced. For looking something up, or for trying a restore.',
  },
  {
    id: 'in-place',
    name: 'Replace the contents in place',
    about: 'For a role that cannot create databases. The application waits while it runs.',
  },
  {
    id: 'media',
    name: 'Replace the media folders alone',
    about: 'The database stays as it is. What is in the folders now is backed up first, and kept.',
  },
]

interface OptionsProps {
  backup: CompletedBackup
  body: RestoreBody
  onChange(next: RestoreBody): void
}

/** What may be said of a restore. What is seldom wanted is folded away. */
export function Options({ backup, body, onChange }: OptionsProps) {
  const [name, setName] = useState('')
  const isNew = body.strategy === 'new-database'
  const isMedia = body.strategy === 'media'
  return (
    <div className="stack">
      <fieldset className="choices">
        <legend className="visually-hidden">{t('Where to')}</legend>
        {strategies.filter(fits(backup)).map(({ id, name: text, about }) => (
          <label key={id} className={body.strategy === id ? 'choice chosen' : 'choice'}>
            <input
              type="radio"
              name="strategy"
              checked={body.strategy === id}
              onChange={() =>
                onChange({
                  strategy: id,
                  overrides: [],
                  // Only a new database can be a masked one.
                  masked: undefined,
                  target_database: id === 'new-database' ? name || proposedName(backup) : undefined,
                })
              }
            />
            <span>
              <strong>{t(text)}</strong>
              <span className="hint">{t(about)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {isNew && <NewDatabase backup={backup} body={body} onChange={onChange} onName={setName} />}
      {!isMedia && <DatabaseOptions {...{ backup, body, onChange }} />}
    </div>
  )
}

function DatabaseOptions({ backup, body, onChange }: OptionsProps) {
  return (
    <>
      {backup.quarantine?.trusted?.scope === 'data' && (
        <TextField
          label={t('Into the definitions of this backup')}
          hint={t('Of the file the rows alone are trusted. A number, or “latest”.')}
          value={body.schema_from ?? ''}
          maxLength={64}
          onChange={({ target: { value } }) => onChange({ schema_from: value || undefined })}
        />
      )}
      <Check
        label={t('Run missing migrations')}
        hint={t('On the restored copy, before it goes live, where the backup is older than the code.')}
        checked={body.run_migrations ?? true}
        onChange={(checked) => onChange({ run_migrations: checked })}
      />
      {backup.media.length > 0 && (
        <Check
          label={t('Restore media too')}
          hint={`${bytes(backup.media_size)}: ${backup.media.map((one) => one.name).join(', ')}`}
          checked={body.restore_media ?? false}
          onChange={(checked) => onChange({ restore_media: checked })}
        />
      )}
      <details className="more">
        <summary>{t('Roles and privileges')}</summary>
        <div className="stack">
          <Check
            label={t('Create roles that are missing')}
            hint={t('Without login.')}
            checked={body.create_roles ?? false}
            onChange={(checked) => onChange({ create_roles: checked })}
          />
          <Check
            label={t('Leave owners and privileges out')}
            hint={t('Everything then belongs to the role that restores.')}
            checked={body.no_owner ?? false}
            onChange={(checked) => onChange({ no_owner: checked, no_privileges: checked })}
          />
          <Check
            label={t('Leave tablespaces out')}
            checked={body.no_tablespaces ?? false}
            onChange={(checked) => onChange({ no_tablespaces: checked })}
          />
        </div>
      </details>
    </>
  )
}

/** Which ways there are for what is in the backup. */
const fits =
  ({ media, media_only }: CompletedBackup) =>
  ({ id }: { id: Strategy }): boolean =>
    id === 'media' ? media.length > 0 : !media_only

/** Its name, and what is in it. */
function NewDatabase({ backup, body, onChange, onName }: OptionsProps & { onName(name: string): void }) {
  const { masking } = useSession()
  return (
    <>
      <TextField
        label={t('Name of the new database')}
        value={body.target_database ?? ''}
        maxLength={63}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target: { value } }) => {
          onName(value)
          onChange({ target_database: value || proposedName(backup) })
        }}
      />
      {masking && (
        <Check
          label={t('Mask personal data')}
          hint={t(
            'By the application’s masking policy, before a row gets there. The copy is searched for values that were masked before it can be used.',
          )}
          checked={body.masked ?? false}
          onChange={(checked) => onChange({ masked: checked })}
        />
      )}
    </>
  )
}

const proposedName = ({ database, number }: CompletedBackup): string => `${database.slice(0, 40)}_from_backup_${number}`
