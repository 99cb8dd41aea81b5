import { type ReactNode, useEffect, useId, useRef } from 'react'
import { t } from '../texts/texts.ts'
import { Button } from './button.tsx'

interface DialogProps {
  title: string
  onClose(): void
  children: ReactNode
  /** Buttons at the end, after one that closes. */
  actions: ReactNode
  onSubmit?: () => void
}

/** A window over the page: the browser's own, which keeps the focus inside and gives it back. Escape closes it. */
export function Dialog({ title, onClose, children, actions, onSubmit }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit?.()
        }}
      >
        <h2 id={heading}>{title}</h2>
        <div className="dialog-body">{children}</div>
        <footer>
          <Button kind="quiet" onClick={() => dialog.current?.close()}>
            {t('Cancel')}
          </Button>
          {actions}
        </footer>
      </form>
    </dialog>
  )
}
