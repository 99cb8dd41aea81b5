import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export interface Tab {
  id: string
  label: string
  content: () => ReactNode
}

/** One of several views; the address remembers which by `#`. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly (Tab | false)[] }) {
  const shown = tabs.filter((tab) => tab !== false)
  const named = shown.find(({ id }) => `#${id}` === location.hash)
  return (
    <Radix.Root
      defaultValue={(named ?? shown[0])?.id ?? ''}
      onValueChange={(id) => history.replaceState(history.state, '', `${location.pathname}${location.search}#${id}`)}
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
