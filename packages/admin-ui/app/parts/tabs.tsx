import { Tabs as Radix } from 'radix-ui'
import { type ReactNode, useEffect, useState } from 'react'

export interface Tab {
  id: string
  label: string
  content: () => ReactNode
}

/** One of several views; the address remembers which by `#`. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly (Tab | false)[] }) {
  const shown = tabs.filter((tab) => tab !== false)
  // Kept as it is written: a tab may come later, when it is known what there is.
  const [open, setOpen] = useState(() => location.hash.slice(1))
  useEffect(() => {
    // A link to another tab of the same page, or the way back.
    const follow = () => setOpen(location.hash.slice(1))
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  }, [])
  const value = shown.find(({ id }) => id === open)?.id ?? shown[0]?.id ?? ''
  return (
    <Radix.Root
      value={value}
      onValueChange={(id) => {
        setOpen(id)
        history.replaceState(history.state, '', `${location.pathname}${location.search}#${id}`)
      }}
    >
      <Radix.List className="tabs" aria-label={label}>
        {shown.map(({ id, label: text }) => (
          <Radix.Trigger key={id} value={id} className="tab">
            {text}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {shown.map(({ id, content }) => (
        <Radix.Content key={id} value={id} className="tab-content">
          {content()}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
