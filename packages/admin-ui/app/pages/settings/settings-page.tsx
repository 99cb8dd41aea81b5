import { useConfig } from '../../api/queries.ts'
import { ActionList } from '../../forms/action-list.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { Checks } from './checks.tsx'
import { CopyTable } from './copy-table.tsx'
import { Keys } from './keys.tsx'
import { ProductionChecklist } from './production-checklist.tsx'
import { RecoveryPlan } from './recovery-plan.tsx'
import { RepositoryFacts } from './repository-facts.tsx'
import { RetentionForm } from './retention-form.tsx'
import { RetentionRun } from './retention-run.tsx'
import { StorageForm } from './storage-form.tsx'
import { StorageTest } from './storage-test.tsx'
import { ThrottleForm } from './throttle-form.tsx'

export function SettingsPage() {
  return (
    <>
      <PageHead title="Settings" about="Changes hold at once, without a restart. Each is in the audit log." />
      <Tabs
        label="Settings"
        tabs={[
          { id: 'kept', label: 'What is kept', content: () => <Kept /> },
          { id: 'repository', label: 'Repository', content: () => <Repository /> },
          { id: 'maintenance', label: 'Maintenance', content: () => <ActionList page="repository" /> },
          { id: 'checks', label: 'Keys and checks', content: () => <KeysAndChecks /> },
        ]}
      />
    </>
  )
}

function Kept() {
  const config = useConfig()
  return (
    <Loaded query={config} rows={8}>
      {(present) => (
        <>
          <Panel title="What is kept">
            <RetentionForm key={JSON.stringify(present)} config={present} />
          </Panel>
          <RetentionRun />
        </>
      )}
    </Loaded>
  )
}

function Repository() {
  const config = useConfig()
  return (
    <>
      <RepositoryFacts />
      <Panel title="Storage">
        <Loaded query={config} rows={3}>
          {(present) => <StorageForm key={JSON.stringify(present)} config={present} />}
        </Loaded>
        <StorageTest />
      </Panel>
      <CopyTable />
      <ThrottleForm />
    </>
  )
}

function KeysAndChecks() {
  return (
    <>
      <Keys />
      <RecoveryPlan />
      <ProductionChecklist />
      <Checks />
    </>
  )
}
