import { parentPort, workerData } from 'node:worker_threads'
import { deflatePiece } from './deflate-piece.ts'
import type { RepositoryKeys } from './keys.ts'
import { provePack } from './pack-reader.ts'
import { toPlainError } from './plain-error.ts'
import { unsealChunk } from './sealed-chunk.ts'
import type { SideAnswer, SideRequest } from './side-threads.ts'
import { standBack } from './stand-back.ts'

/** The thread behind side-threads.ts: one request after the other, each answered in its turn. */
const port = parentPort
if (!port) throw new Error('side-worker runs in a worker thread')
standBack()
const keys = workerData as RepositoryKeys

port.on('message', (request: SideRequest) => {
  // Here, where nothing is half made: see end-worker.ts.
  if (request.type === 'end') process.exit()
  const { answer, transfer } = answerTo(request)
  port.postMessage(answer, transfer)
})

function answerTo(request: Exclude<SideRequest, { type: 'end' }>): { answer: SideAnswer; transfer: ArrayBuffer[] } {
  try {
    switch (request.type) {
      case 'unseal': {
        const bytes = whole(unsealChunk(keys, request.chunk, { recheck: request.recheck }))
        return { answer: { type: 'bytes', bytes }, transfer: [bytes.buffer] }
      }
      case 'prove': {
        const table = provePack(keys, request.pack, Buffer.from(request.data.buffer))
        return { answer: { type: 'proven', table, data: request.data }, transfer: [request.data.buffer] }
      }
      case 'deflate': {
        const { bytes, checksum } = deflatePiece(request.piece, request.how)
        const own = whole(bytes)
        return { answer: { type: 'bytes', bytes: own, checksum }, transfer: [own.buffer] }
      }
    }
  } catch (error) {
    return { answer: { type: 'failed', error: toPlainError(error) }, transfer: [] }
  }
}

/** With memory of its own, and not much more of it than is used: it is handed over. */
function whole(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bytes
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize
  return isOwn && buffer.byteLength <= length * 1.25
    ? new Uint8Array(buffer, byteOffset, length)
    : Uint8Array.from(bytes)
}
