/**
 * Frees the memory of a buffer now; it has no bytes afterwards. Only for the code that made the buffer, when no other
 * code keeps a reference to it.
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
