import { withMostlyOwnMemory } from '../threads/own-memory.ts'
import { openThreadSide, withTransfer } from '../threads/serve-thread.ts'
import { unsealChunk } from './chunks/sealed-chunk.ts'
import { deflatePiece } from './deflate-piece.ts'
import { provePack } from './packs/pack-reader.ts'
import type { SideThread } from './side-threads.ts'

/** The thread behind side-threads.ts. */
const thread = openThreadSide<SideThread>()
const keys = thread.setup

thread.serve({
  requests: {
    unseal({ chunk, recheck }) {
      const bytes = withMostlyOwnMemory(unsealChunk(keys, chunk, { recheck }))
      return withTransfer(bytes, [bytes.buffer])
    },
    prove({ pack, data }) {
      const table = provePack(keys, pack, Buffer.from(data.buffer))
      return withTransfer({ table, data }, [data.buffer])
    },
    deflate({ piece, how }) {
      const deflated = deflatePiece(piece, how)
      const bytes = withMostlyOwnMemory(deflated.bytes)
      return withTransfer({ bytes, checksum: deflated.checksum }, [bytes.buffer])
    },
  },
  notices: {},
})
