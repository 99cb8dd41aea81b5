import { z } from 'zod'
import type { MetricFamily } from '../../policy/metric-text.ts'
import { action } from '../action.ts'

const familySchema = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(['gauge', 'counter', 'info']),
  values: z.array(z.object({ labels: z.record(z.string(), z.string()), value: z.number() })),
  aggregator: z.literal('first'),
})

export const collectMetrics = action({
  name: 'metrics.collect',
  summary: 'Returns the metrics for a monitoring system, made of the catalog and the repository as they are now.',
  permission: 'metrics:read',
  kind: 'read',
  input: z.strictObject({}),
  result: z.array(familySchema),
  http: { method: 'GET', path: 'metrics' },
  command: { name: 'metrics', examples: ['lifeboat metrics', 'lifeboat metrics --openmetrics'] },
  leftOut: { pages: 'They are for a monitoring system; the overview shows what people need.' },
  async run(context): Promise<MetricFamily[]> {
    const { collectMetrics: collect } = await import('../../engine/background/metrics/collect-metrics.ts')
    return collect(context, await context.background(), { signal: context.signal })
  },
})
