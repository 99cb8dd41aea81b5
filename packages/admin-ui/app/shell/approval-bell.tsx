import { Link, useLocation } from 'wouter'
import { useApprovals } from '../api/queries.ts'
import { useSession } from '../api/session.tsx'
import { Icon } from '../parts/icon.tsx'
import { t } from '../texts/texts.ts'

/** What waits for approval, from everywhere one click away. Nothing where no action needs any. */
export function ApprovalBell() {
  const { may } = useSession()
  const [location] = useLocation()
  const { data } = useApprovals(true, may('approvals:read'))
  if (!data?.required) return null
  const mine = data.results.filter(({ can_approve: can }) => can).length
  const waiting = data.results.length
  return (
    <Link
      href="/approvals"
      className={mine > 0 ? 'approval-bell busy' : 'approval-bell'}
      aria-current={location.startsWith('/approvals') ? 'page' : undefined}
    >
      <Icon name="bell" />
      <span>{t('Approvals')}</span>
      {waiting > 0 && (
        <strong>
          {waiting}
          <span className="visually-hidden">
            {mine > 0 ? ` ${t('open, some for you to approve')}` : ` ${t('open#requests')}`}
          </span>
        </strong>
      )}
    </Link>
  )
}
