import { Link } from 'wouter'
import { useBackup } from '../api/queries.ts'
import { numbered } from './format.ts'

/** A backup by its number and name, as far as they are known; it may be gone. */
export function BackupLink({ id }: { id: string }) {
  const { data, isPending } = useBackup(id)
  if (isPending) return <span aria-busy="true">…</span>
  if (!data) return <code>{id}</code>
  return <Link href={`/backups/${id}`}>{numbered(data.number, data.name)}</Link>
}
