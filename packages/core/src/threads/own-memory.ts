/** Bytes whose memory can be handed to another thread: these, or a copy of what shares its memory with others. */
export function withOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
  return isWhole ? new Uint8Array(buffer) : Uint8Array.from(bytes)
}

/** The same for a result made with room to spare: its memory is handed over where most of it is used. */
export function withMostlyOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bytes
  // A slice of Node's pool shares its memory with others.
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize
  return isOwn && buffer.byteLength <= length * 1.25
    ? new Uint8Array(buffer, byteOffset, length)
    : Uint8Array.from(bytes)
}
