import { useConfig } from '../../api/queries.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Checks } from './checks.tsx'
import { Keys } from './keys.tsx'
import { RetentionForm } from './retention-form.tsx'
import { StorageForm } from './storage-form.tsx'
import { StorageTest } from './storage-test.tsx'

export function SettingsPage() {
  const config = useConfig()
  return (
    <>
      <PageHead title="Settings" about="Changes hold at once, without a restart. Each is in the audit log." />
      <Loaded query={config} rows={8}>
        {(present) => (
          <>
            <Panel title="What is kept">
              <RetentionForm key={`r${JSON.stringify(present)}`} config={present} />
            </Panel>
            <Panel title="Storage">
              <StorageForm key={`s${JSON.stringify(present)}`} config={present} />
              <StorageTest />
            </Panel>
          </>
        )}
      </Loaded>
      <Keys />
      <Checks />
    </>
  )
}
