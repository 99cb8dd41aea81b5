/** The part of pg-copy-streams that is used here; the package comes without types. */
declare module 'pg-copy-streams' {
  import type { Readable } from 'node:stream'
  import type { Submittable } from 'pg'

  export interface CopyToStream extends Readable, Submittable {
    /** Set when the stream has ended. */
    rowCount: number
  }
  export function to(text: string): CopyToStream
}
