import type { ReactNode } from 'react'
import { t } from '../texts/texts.ts'
import { Button } from './button.tsx'

export function Pager({
  page,
  pages,
  onPage,
  children,
}: {
  page: number
  pages: number
  onPage(page: number): void
  children: ReactNode
}) {
  return (
    <div className="pager">
      <span className="muted">{children}</span>
      {pages > 1 && (
        <nav aria-label={t('Pages of the list')}>
          <Button kind="quiet" disabled={page <= 1} onClick={() => onPage(page - 1)}>
            {t('Previous')}
          </Button>
          <span className="muted numbers">{t('{page} of {pages}', { page, pages })}</span>
          <Button kind="quiet" disabled={page >= pages} onClick={() => onPage(page + 1)}>
            {t('Next')}
          </Button>
        </nav>
      )}
    </div>
  )
}
