import { useState } from 'react'
import { Link } from 'wouter'
import { useTasks } from '../../api/queries.ts'
import { ActionList, useFormsOf } from '../../forms/action-list.tsx'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Pager } from '../../parts/pager.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { t } from '../../texts/texts.ts'
import { RestoreHistory } from '../restores/restore-history.tsx'
import { kindNames, kindText } from './kinds.ts'
import { PauseQueue } from './pause-queue.tsx'
import { Queue } from './queue.tsx'
import { TaskDetails } from './task-details.tsx'
import { TaskTable } from './task-table.tsx'

const pageSize = 50

/** What is being done, what was done, and the log of each. */
export function ActivityPage({ taskId }: { taskId: string | null }) {
  const forms = useFormsOf('queue').length > 0
  if (taskId !== null) return <TaskDetails key={taskId} taskId={taskId} />
  return (
    <>
      <PageHead title={t('Activity')} actions={<PauseQueue />} />
      <Tabs
        label={t('Activity')}
        tabs={[
          { id: 'jobs', label: t('Jobs'), content: () => <Jobs /> },
          { id: 'restores', label: t('Restores'), content: () => <RestoreHistory /> },
          forms && { id: 'more', label: t('More'), content: () => <ActionList page="queue" /> },
        ]}
      />
    </>
  )
}

function Jobs() {
  const [kind, setKind] = useState('')
  const [status, setStatus] = useState('')
  const [page, setPage] = useState(1)
  const tasks = useTasks({ kind: kind || undefined, status: status || undefined, page, page_size: pageSize })
  return (
    <>
      <Queue />
      <search className="filters">
        <select aria-label={t('Kind of job')} value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="">{t('Every kind')}</option>
          {kindNames.map((name) => (
            <option key={name} value={name}>
              {kindText(name)}
            </option>
          ))}
        </select>
        <select aria-label={t('Status')} value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">{t('Every status')}</option>
          <option value="queued,running">{t('Open#jobs')}</option>
          <option value="succeeded">{t('Succeeded')}</option>
          <option value="failed,interrupted">{t('Failed')}</option>
          <option value="cancelled">{t('Cancelled')}</option>
        </select>
      </search>
      <Loaded query={tasks} rows={8}>
        {({ results, count }) =>
          results.length === 0 ? (
            <Empty title={t('Nothing has been done yet.')}>
              <Link href="/backups">{t('Make a backup')}</Link>
            </Empty>
          ) : (
            <>
              <TaskTable tasks={results} />
              <Pager page={page} pages={Math.ceil(count / pageSize)} onPage={setPage}>
                {t('{n} job | {n} jobs', { n: count })}
              </Pager>
            </>
          )
        }
      </Loaded>
    </>
  )
}
