/**
 * Gives the memory of a buffer back now; it has no bytes afterwards. Only for whoever made it and has shown it to nobody
 * who keeps it.
 *
 * What lies outside of V8's heap weighs on its collector all the same: it collects each time some 64 MiB were made,
 * though next to nothing is in use. That took a tenth of a backup's processor time, in threads of its own.
 */
export function freeBuffer(bytes: Uint8Array): void {
  const { buffer } = bytes
  // A slice of Node's pool shares its memory with others.
  const pooled = buffer.byteLength <= Buffer.poolSize
  if (!pooled && bytes.byteOffset === 0 && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
