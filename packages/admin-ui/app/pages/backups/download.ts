import { call, type HttpApi } from '../../api/client.ts'

/** Which file, and how it is compressed. */
export type DownloadChoice = HttpApi['POST backups/:id/download-link']['body']

/** Begins a download in the browser, by a link made for it alone. */
export async function download(id: string, choice: DownloadChoice, database: string | undefined): Promise<void> {
  const { url } = await call('POST backups/:id/download-link', { params: { id }, query: { database }, body: choice })
  // The server names the path as it sees it; a proxy may have put something before it.
  const token = url.split('/').filter(Boolean).at(-1) ?? ''
  const link = document.createElement('a')
  link.href = new URL(`../downloads/${encodeURIComponent(token)}/`, document.baseURI).href
  link.download = ''
  link.click()
}
