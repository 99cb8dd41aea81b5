import { type ComponentType, lazy, Suspense, useEffect, useState } from 'react'
import { Link, Route, Switch } from 'wouter'
import { uiRoot } from '../api/client.ts'
import { Waiting } from '../parts/loaded.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { t } from '../texts/texts.ts'

// Each page is loaded when it is opened; the others are loaded soon after the first one is shown.
const ActivityPage = soon(async () => (await import('./activity/activity-page.tsx')).ActivityPage)
const ApprovalsPage = soon(async () => (await import('./approvals/approvals-page.tsx')).ApprovalsPage)
const ComparePage = soon(async () => (await import('./compare/compare-page.tsx')).ComparePage)
const BackupDetailsPage = soon(async () => (await import('./backup-details/backup-details-page.tsx')).BackupDetailsPage)
const BackupsPage = soon(async () => (await import('./backups/backups-page.tsx')).BackupsPage)
const DrillsPage = soon(async () => (await import('./drills/drills-page.tsx')).DrillsPage)
const OverviewPage = soon(async () => (await import('./overview/overview-page.tsx')).OverviewPage)
const RestorePage = soon(async () => (await import('./restore/restore-page.tsx')).RestorePage)
const RestoreWizardPage = soon(async () => (await import('./restore/restore-wizard-page.tsx')).RestoreWizardPage)
const RestoresPage = soon(async () => (await import('./restores/restores-page.tsx')).RestoresPage)
const SchedulePage = soon(async () => (await import('./schedule/schedule-page.tsx')).SchedulePage)
const SettingsPage = soon(async () => (await import('./settings/settings-page.tsx')).SettingsPage)
const all = [
  ...[ActivityPage, ApprovalsPage, ComparePage, BackupDetailsPage, BackupsPage, DrillsPage, OverviewPage],
  ...[RestorePage, RestoresPage, RestoreWizardPage, SchedulePage, SettingsPage],
]

// The one that was asked for comes while it is asked who is there.
firstPage()?.fetch()

const idleMs = 500

/** Which page stands at which address below `ui/`. */
export function Pages() {
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const page of all) page.fetch()
    }, idleMs)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Suspense fallback={<Waiting rows={6} />}>
      <Switch>
        <Route path="/">{() => <OverviewPage />}</Route>
        <Route path="/backups">{() => <BackupsPage />}</Route>
        <Route path="/backups/:id">{({ id }) => <BackupDetailsPage key={id} id={id} />}</Route>
        <Route path="/backups/:id/restore">{({ id }) => <RestoreWizardPage key={id} id={id} />}</Route>
        <Route path="/compare/:left/:right">{({ left, right }) => <ComparePage left={left} right={right} />}</Route>
        <Route path="/restore">{() => <RestoresPage />}</Route>
        <Route path="/restores/:id">{({ id }) => <RestorePage key={id} id={id} />}</Route>
        <Route path="/drills">{() => <DrillsPage />}</Route>
        <Route path="/activity">{() => <ActivityPage taskId={null} />}</Route>
        <Route path="/activity/:task">{({ task }) => <ActivityPage taskId={task} />}</Route>
        <Route path="/approvals">{() => <ApprovalsPage />}</Route>
        <Route path="/schedule">{() => <SchedulePage />}</Route>
        <Route path="/settings">{() => <SettingsPage />}</Route>
        <Route>
          <PageHead title={t('There is no page at this address')} about={<Link href="/">{t('Overview')}</Link>} />
        </Route>
      </Switch>
    </Suspense>
  )
}

/**
 * A page that is loaded apart. Shown at once where it is there already: what React has waited for, however shortly, it
 * holds back for a third of a second.
 */
function soon<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let there: ComponentType<Props> | undefined
  const loaded = async () => {
    there = await load()
    return there
  }
  const Later = lazy(async () => ({ default: await loaded() }))
  function Page(props: Props) {
    const [Shown] = useState<ComponentType<Props>>(() => there ?? (Later as unknown as ComponentType<Props>))
    return <Shown {...props} />
  }
  // What fails now is tried again when it is wanted.
  return Object.assign(Page, { fetch: () => void loaded().catch(() => {}) })
}

function firstPage() {
  const [, place = '', id, step] = location.pathname.slice(uiRoot.length).split('/')
  const byPlace: Record<string, { fetch(): void }> = {
    '': OverviewPage,
    backups: !id ? BackupsPage : step === 'restore' ? RestoreWizardPage : BackupDetailsPage,
    compare: ComparePage,
    restore: RestoresPage,
    restores: RestorePage,
    drills: DrillsPage,
    activity: ActivityPage,
    approvals: ApprovalsPage,
    schedule: SchedulePage,
    settings: SettingsPage,
  }
  return byPlace[place]
}
