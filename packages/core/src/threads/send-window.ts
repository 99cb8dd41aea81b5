/** Bounds what was sent to a thread and is not worked off yet, in bytes or pieces. */
export interface SendWindow {
  /** Counts what was sent, and resolves when there is room for more, or when the window is closed. */
  sent(amount: number): Promise<void> | undefined
  workedOff(amount: number): void
  /** From here on there is always room: what is sent leads nowhere. */
  close(): void
  readonly closed: boolean
}

export function createSendWindow(limit: number): SendWindow {
  let outstanding = 0
  let closed = false
  let room: PromiseWithResolvers<void> | undefined
  const wake = () => {
    if (outstanding >= limit && !closed) return
    room?.resolve()
    room = undefined
  }
  return {
    get closed() {
      return closed
    },
    sent(amount) {
      outstanding += amount
      if (outstanding < limit || closed) return undefined
      room ??= Promise.withResolvers()
      return room.promise
    },
    workedOff(amount) {
      outstanding -= amount
      wake()
    },
    close() {
      closed = true
      wake()
    },
  }
}
