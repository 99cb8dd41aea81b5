import { send } from '../api/client.ts'
import { complain } from './toasts.tsx'

/** Fetches a file as this session and hands it to the browser to save. */
export async function saveFile(url: string, name: string, accept: string): Promise<void> {
  try {
    const response = await send(url, { headers: { accept } })
    const address = URL.createObjectURL(await response.blob())
    const link = document.createElement('a')
    link.href = address
    link.download = name
    link.click()
    URL.revokeObjectURL(address)
  } catch (error) {
    complain(error)
  }
}
