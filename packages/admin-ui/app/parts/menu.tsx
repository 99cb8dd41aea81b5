import { DropdownMenu } from 'radix-ui'
import { Icon } from './icon.tsx'

export interface MenuItem {
  /** By which a page leaves out what it shows elsewhere. */
  id?: string
  label: string
  onSelect(): void
  danger?: boolean
  disabled?: boolean
}

/** Actions behind three dots. `label` says what they are about. */
export function Menu({ label, items }: { label: string; items: readonly (MenuItem | false)[] }) {
  const shown = items.filter((item) => item !== false)
  if (shown.length === 0) return null
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button quiet icon-only" aria-label={label}>
        <Icon name="more" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={document.querySelector('main')}>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {shown.map(({ label: text, onSelect, danger, disabled }) => (
            <DropdownMenu.Item
              key={text}
              className={danger ? 'menu-item danger' : 'menu-item'}
              disabled={disabled ?? false}
              onSelect={onSelect}
            >
              {text}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
