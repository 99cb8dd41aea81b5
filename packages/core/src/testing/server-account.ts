import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'

export interface ServerAccount {
  uid: number
  gid: number
}

/** PostgreSQL refuses to run as root; then it runs as `nobody`. Undefined: as the user of this process. */
export function serverAccount(): ServerAccount | undefined {
  return userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : undefined
}

/** Runs a program to its end as the user the server runs as; its errors are in the message. */
export function runAsServer(program: string, args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...serverAccount(),
      cwd,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.on('error', reject)
    // `exit`, not `close`: the started server inherits our pipes.
    child.on('exit', (code) => {
      child.stderr.destroy()
      if (code === 0) resolve()
      else reject(new Error(`${program} ended with ${code}: ${errors}`))
    })
  })
}
