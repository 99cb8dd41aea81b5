import { useConfig } from '../../api/queries.ts'
import { ActionList } from '../../forms/action-list.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { t } from '../../texts/texts.ts'
import { Checks } from './checks.tsx'
import { CopyTable } from './copy-table.tsx'
import { Keys } from './keys.tsx'
import { ProductionChecklist } from './production-checklist.tsx'
import { RecoveryPlan } from './recovery-plan.tsx'
import { Reminders } from './reminders.tsx'
import { RepositoryFacts } from './repository-facts.tsx'
import { RetentionForm } from './retention-form.tsx'
import { RetentionRun } from './retention-run.tsx'
import { StorageForm } from './storage-form.tsx'
import { StorageTest } from './storage-test.tsx'
import { ThrottleForm } from './throttle-form.tsx'

export function SettingsPage() {
  return (
    <>
      <PageHead title={t('Settings')} about={t('Changes hold at once, without a restart. Each is in the audit log.')} />
      <Tabs
        label={t('Settings')}
        tabs={[
          { id: 'kept', label: t('What is kept'), content: () => <Kept /> },
          { id: 'repository', label: t('Repository'), content: () => <Repository /> },
          { id: 'maintenance', label: t('Maintenance'), content: () => <ActionList page="repository" /> },
          { id: 'checks', label: t('Keys and checks'), content: () => <KeysAndChecks /> },
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
          <Panel title={t('What is kept')}>
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
      <Panel title={t('Storage')}>
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
      <Reminders />
      <Checks />
    </>
  )
}
