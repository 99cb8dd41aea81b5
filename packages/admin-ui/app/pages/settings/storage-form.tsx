import { useState } from 'react'
import type { Config } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Check } from '../../parts/field.tsx'
import { Facts } from '../../parts/panel.tsx'
import { useChangeConfig } from './use-change-config.ts'

export function StorageForm({ config }: { config: Config }) {
  const { may } = useSession()
  const [compress, setCompress] = useState(config.use_compression)
  const change = useChangeConfig('The storage settings were changed.')
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        change.mutate({ use_compression: compress })
      }}
    >
      <Facts of={[['Place', <code key="">{config.backup_directory}</code>]]} />
      <p className="hint">The place and the keys are set in code, by whoever runs the application.</p>
      <Check
        label="Compress"
        hint="zstd. Holds for what is stored from now on."
        checked={compress}
        disabled={!may('config:write')}
        onChange={setCompress}
      />
      <Complaint error={change.error} />
      {may('config:write') && (
        <div>
          <Button kind="primary" type="submit" busy={change.isPending} disabled={compress === config.use_compression}>
            Save storage
          </Button>
        </div>
      )}
    </form>
  )
}
