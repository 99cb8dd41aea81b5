import { metricText } from '@lifeboat/core/actions'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'

export const metricsCommand: CommandDefinition = {
  name: 'metrics',
  description: 'Metrics for a monitoring system, as Prometheus text.',
  examples: [
    'lifeboat metrics',
    'lifeboat metrics --openmetrics',
    'lifeboat metrics > /var/lib/node_exporter/lifeboat.prom.new && mv /var/lib/node_exporter/lifeboat.prom.new /var/lib/node_exporter/lifeboat.prom',
  ],
  action: 'metrics.collect',
  configure(command, signal) {
    command
      .option('--openmetrics', 'OpenMetrics 1.0.0 in place of the text format of Prometheus')
      .action((options: CommonOptions & { openmetrics?: boolean }) =>
        withSession(options, { signal }, async ({ engine, finish }) => {
          const metrics = await engine.metrics.collect()
          await finish()
          // For machines: nothing is broken to the width of a terminal.
          process.stdout.write(
            options.json
              ? `${JSON.stringify({ metrics }, null, 2)}\n`
              : metricText(metrics, options.openmetrics ? 'openmetrics' : 'prometheus'),
          )
        }),
      )
  },
}
