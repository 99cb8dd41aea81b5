import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link } from 'wouter'
import { Icon, type IconName } from './icon.tsx'

type Kind = 'plain' | 'primary' | 'danger' | 'quiet'

interface Look {
  kind?: Kind
  icon?: IconName
  children?: ReactNode
}

interface ButtonProps extends Look, ButtonHTMLAttributes<HTMLButtonElement> {
  /** Its work is under way: it cannot be pressed again until that ends. */
  busy?: boolean
}

export function Button({ kind = 'plain', icon, busy = false, children, disabled, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={`button ${kind}`} disabled={disabled || busy} aria-busy={busy}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

export function ButtonLink({ kind = 'plain', icon, children, to }: Look & { to: string }) {
  return (
    <Link href={to} className={`button ${kind}`}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  )
}
