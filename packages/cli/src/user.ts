import { userInfo } from 'node:os'

/** Who runs the command, as history and audit name them. */
export function currentUser(): string {
  try {
    return userInfo().username
  } catch {
    // A container's user need not have a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
