import { defineConfig } from 'vitest/config'
import { SummaryReporter } from '../summary-reporter.ts'

/** For second-try.test.ts: the reporter of the project, on files of its own. */
export default defineConfig({ test: { include: ['**/*.test.ts'], reporters: [new SummaryReporter()] } })
