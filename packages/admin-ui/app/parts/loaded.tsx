import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { t } from '../texts/texts.ts'
import { Failure } from './failure.tsx'

/** What a query gives, or why there is nothing yet. The room it will take is held free, so that nothing jumps. */
export function Loaded<T>({
  query,
  rows = 4,
  page = false,
  children,
}: {
  query: UseQueryResult<T>
  rows?: number
  /** It is all there is on the page. */
  page?: boolean
  children: (value: T) => ReactNode
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.error) return <Failure error={query.error} retry={() => query.refetch()} page={page} />
  return <Waiting rows={rows} />
}

export function Waiting({ rows }: { rows: number }) {
  return (
    <div className="waiting" role="status" aria-label={t('Loading')}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without content
        <span key={row} />
      ))}
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  )
}
