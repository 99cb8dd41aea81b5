import { useConfig } from '../../api/queries.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Calendar } from './calendar.tsx'
import { ScheduleForm } from './schedule-form.tsx'

/** When backups are made by themselves: what was, what comes, and how to change it. */
export function SchedulePage() {
  const config = useConfig()
  return (
    <>
      <PageHead title="Schedule" />
      <Calendar />
      <Panel title="Automatic backup">
        <Loaded query={config}>{(present) => <ScheduleForm key={JSON.stringify(present)} config={present} />}</Loaded>
      </Panel>
    </>
  )
}
