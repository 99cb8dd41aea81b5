import { useApprovals } from '../../api/queries.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'
import { OpenRequest } from './open-request.tsx'
import { PastRequests } from './past-requests.tsx'

/** What waits for another person, each with its whole plan; and what became of the requests before. */
export function ApprovalsPage() {
  const open = useApprovals(true)
  const all = useApprovals(false)
  return (
    <>
      <PageHead
        title={t('Approvals')}
        about={t(
          'What is approved is exactly the plan that is shown, once, until it expires. Then the one who asked does the same again.',
        )}
      />
      <Loaded query={open} rows={6} page>
        {({ results, required }) =>
          results.length === 0 ? (
            <Panel title={t('Open requests')}>
              <Empty title={required ? t('Nothing waits for approval.') : t('No action needs approval here.')}>
                <p className="muted">
                  {tx('Which actions do, and who approves them, is set in code, in `approvals`.')}
                </p>
              </Empty>
            </Panel>
          ) : (
            results.map((request) => <OpenRequest key={request.id} request={request} />)
          )
        }
      </Loaded>
      <PastRequests query={all} />
    </>
  )
}
