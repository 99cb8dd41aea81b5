import type { ReactNode } from 'react'

/** A table that may be wider than the page: it scrolls by itself, by the keyboard too. */
export function TableFrame({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
    <section className="table-frame" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
