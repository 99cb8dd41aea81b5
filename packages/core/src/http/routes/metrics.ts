import { type MetricFamily, metricContentTypes, metricFormatFor, metricText } from '../../policy/metric-text.ts'
import { route } from '../route.ts'

export const metricsRoute = route({
  method: 'GET',
  path: 'metrics',
  permission: 'metrics:read',
  action: 'metrics.collect',
  summary: 'Metrics as Prometheus text, or as OpenMetrics where the client asks for it.',
  answers: { status: 200, contentType: 'text/plain' },
  async handle({ request, run }) {
    const families = (await run('metrics.collect', {})) as MetricFamily[]
    const format = metricFormatFor(request.headers.get('accept') ?? '')
    return new Response(metricText(families, format), {
      headers: {
        'content-type': metricContentTypes[format],
        'cache-control': 'no-store',
        vary: 'accept',
        'x-content-type-options': 'nosniff',
      },
    })
  },
})
