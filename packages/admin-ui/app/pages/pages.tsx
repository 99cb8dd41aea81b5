import { lazy, Suspense } from 'react'
import { Route, Switch } from 'wouter'
import { Empty, Waiting } from '../parts/loaded.tsx'
import { BackupDetailsPage } from './backup-details/backup-details-page.tsx'
import { BackupsPage } from './backups/backups-page.tsx'
import { OverviewPage } from './overview/overview-page.tsx'

// What most visits do not need comes when it is asked for.
const ActivityPage = lazy(async () => ({ default: (await import('./activity/activity-page.tsx')).ActivityPage }))
const ComparePage = lazy(async () => ({ default: (await import('./compare/compare-page.tsx')).ComparePage }))
const RestorePage = lazy(async () => ({ default: (await import('./restore/restore-page.tsx')).RestorePage }))
const RestoreWizardPage = lazy(async () => ({
  default: (await import('./restore/restore-wizard-page.tsx')).RestoreWizardPage,
}))
const SchedulePage = lazy(async () => ({ default: (await import('./schedule/schedule-page.tsx')).SchedulePage }))
const SettingsPage = lazy(async () => ({ default: (await import('./settings/settings-page.tsx')).SettingsPage }))

/** Which page stands at which address below `ui/`. */
export function Pages() {
  return (
    <Suspense fallback={<Waiting rows={6} />}>
      <Switch>
        <Route path="/">{() => <OverviewPage />}</Route>
        <Route path="/backups">{() => <BackupsPage />}</Route>
        <Route path="/backups/:id">{({ id }) => <BackupDetailsPage key={id} id={id} />}</Route>
        <Route path="/backups/:id/restore">{({ id }) => <RestoreWizardPage key={id} id={id} />}</Route>
        <Route path="/compare/:left/:right">{({ left, right }) => <ComparePage left={left} right={right} />}</Route>
        <Route path="/restores/:id">{({ id }) => <RestorePage key={id} id={id} />}</Route>
        <Route path="/activity">{() => <ActivityPage taskId={null} />}</Route>
        <Route path="/activity/:task">{({ task }) => <ActivityPage taskId={task} />}</Route>
        <Route path="/schedule">{() => <SchedulePage />}</Route>
        <Route path="/settings">{() => <SettingsPage />}</Route>
        <Route>
          <Empty title="There is no page at this address." />
        </Route>
      </Switch>
    </Suspense>
  )
}
