import { useTasks } from '../../api/queries.ts'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'
import { TaskTable } from '../activity/task-table.tsx'

/** The newest refreshes of targets, by the schedule or by hand; nothing where there was none. */
export function RefreshHistory() {
  const { data } = useTasks({ kind: 'refresh', page_size: 10 })
  if (!data || data.results.length === 0) return null
  return (
    <Panel title={t('Refreshes of targets so far')}>
      <TaskTable tasks={data.results} />
    </Panel>
  )
}
