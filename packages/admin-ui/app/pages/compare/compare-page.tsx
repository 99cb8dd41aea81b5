import { Link } from 'wouter'
import { useBackup } from '../../api/queries.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Comparison } from './comparison.tsx'

/** Two backups side by side, the older one left. */
export function ComparePage({ left, right }: { left: string; right: string }) {
  const one = useBackup(left)
  const other = useBackup(right)
  return (
    <>
      <PageHead title="Compare" about={<Link href="/backups">Choose others</Link>} />
      <Loaded query={one} rows={8}>
        {(a) => (
          <Loaded query={other} rows={8}>
            {(b) => {
              if (a.status !== 'completed' || b.status !== 'completed')
                return <p className="note">Only completed backups can be compared.</p>
              return a.created_at <= b.created_at ? (
                <Comparison older={a} newer={b} />
              ) : (
                <Comparison older={b} newer={a} />
              )
            }}
          </Loaded>
        )}
      </Loaded>
    </>
  )
}
