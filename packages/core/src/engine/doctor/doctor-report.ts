/** What `doctor` found. `ok` is false when any check failed. */
export interface DoctorReport {
  ok: boolean
  /** Ids of the checks that failed, and of those that warn, each once. */
  failed: string[]
  warnings: string[]
  checks: DoctorCheck[]
}

export interface DoctorCheck {
  /** Stable name, e.g. `repository.writable`. */
  id: string
  level: 'ok' | 'warning' | 'failed'
  message: string
  /** Label of the database it is about, where several are configured. */
  database?: string
  /** The command or step that repairs it. */
  advice?: string
}
