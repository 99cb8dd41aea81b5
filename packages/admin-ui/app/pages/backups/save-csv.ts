import { apiUrl, send } from '../../api/client.ts'
import { complain } from '../../parts/toasts.tsx'

/** All backups that match, as a file. */
export async function saveCsv(query: Record<string, string | undefined>): Promise<void> {
  try {
    const response = await send(apiUrl('backups', {}, query), { headers: { accept: 'text/csv' } })
    const url = URL.createObjectURL(await response.blob())
    const link = document.createElement('a')
    link.href = url
    link.download = 'backups.csv'
    link.click()
    URL.revokeObjectURL(url)
  } catch (error) {
    complain(error)
  }
}
