import { useState } from 'react'
import type { Config } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Check } from '../../parts/field.tsx'
import { Facts } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'
import { useChangeConfig } from './use-change-config.ts'

export function StorageForm({ config }: { config: Config }) {
  const { may } = useSession()
  const [compress, setCompress] = useState(config.use_compression)
  const [exports, setExports] = useState(config.export_after_backup)
  const change = useChangeConfig(t('The storage settings were changed.'))
  const isSame = compress === config.use_compression && exports === config.export_after_backup
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        change.mutate({ use_compression: compress, export_after_backup: exports })
      }}
    >
      <Facts of={[[t('Folder'), <code key="">{config.backup_directory}</code>]]} />
      <p className="hint">{t('The place and the keys are set in code, where the application runs.')}</p>
      <Check
        label={t('Compress')}
        hint={t('zstd. Holds for what is stored from now on.')}
        checked={compress}
        disabled={!may('config:write')}
        onChange={setCompress}
      />
      <Check
        label={t('Export after each backup')}
        hint={t(
          'The standard files (dump, media) of each backup are written into a folder; they go when the backup goes.',
        )}
        checked={exports}
        disabled={!may('config:write')}
        onChange={setExports}
      />
      <Complaint error={change.error} />
      {may('config:write') && (
        <div>
          <Button kind="primary" type="submit" busy={change.isPending} disabled={isSame}>
            {t('Save storage')}
          </Button>
        </div>
      )}
    </form>
  )
}
