import type { HostContext, Probe } from './probe.ts'

export const nodeVersion: Probe<HostContext> = {
  id: 'node.version',
  run: async () => [{ id: 'node.version', level: 'ok', message: `Node ${process.versions.node}.` }],
}
