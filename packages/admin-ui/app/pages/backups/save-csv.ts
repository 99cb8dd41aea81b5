import { apiUrl } from '../../api/client.ts'
import { saveFile } from '../../parts/save-file.ts'

/** All backups that match, as a file. */
export const saveCsv = (query: Record<string, string | undefined>): Promise<void> =>
  saveFile(apiUrl('backups', {}, query), 'backups.csv', 'text/csv')
