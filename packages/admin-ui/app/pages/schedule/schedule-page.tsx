import { useConfig } from '../../api/queries.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'
import { Calendar } from './calendar.tsx'
import { ScheduleForm } from './schedule-form.tsx'
import { ScheduleTable } from './schedule-table.tsx'

/** When backups are made by themselves: how to change it, what was, and what comes. */
export function SchedulePage() {
  const config = useConfig()
  return (
    <>
      <PageHead title={t('Schedule')} />
      <Panel title={t('Automatic backup')}>
        <Loaded query={config}>{(present) => <ScheduleForm key={JSON.stringify(present)} config={present} />}</Loaded>
      </Panel>
      <ScheduleTable />
      <Calendar />
    </>
  )
}
