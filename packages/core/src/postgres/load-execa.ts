/** Many modules, which only a run of a program needs. */
export async function loadExeca() {
  const { execa } = await import('execa')
  return execa
}
