import { z } from 'zod'
import { doctorSchema } from '../catalog/records.ts'
import type { DoctorReport } from '../engine/doctor/doctor-report.ts'
import type { Running } from '../engine/engine-type.ts'
import { action } from './action.ts'
import type { Ground } from './ground.ts'
import { databaseLabel, local } from './inputs.ts'

export const doctor = action({
  name: 'doctor',
  summary: 'Looks at everything a backup and a restore need.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({
    database: databaseLabel,
    fix: local(z.boolean().optional().describe('Also put right what can be put right safely.')),
  }),
  result: doctorSchema,
  http: { method: 'GET', path: 'doctor' },
  command: { name: 'doctor', examples: ['lifeboat doctor', 'lifeboat doctor --fix'] },
  page: 'repository',
  run: examineAll,
})

/** Everything that `doctor` looks at, for an action. */
export async function examineAll(
  context: Pick<Ground, 'parts' | 'copies' | 'history' | 'catalogProblem'> & Running,
  asked: { database?: string | undefined; fix?: boolean | undefined },
): Promise<DoctorReport> {
  const { examine } = await import('../engine/doctor/doctor.ts')
  const catalogProblem = async () => {
    const history = await context.history()
    // A look, so that what has happened since it was last used is found.
    if (history) await history.catalog.retry()
    return context.catalogProblem()
  }
  const { parts, copies, history, signal, report } = context
  return examine({ parts, copies, history, catalogProblem }, { ...asked, signal, report })
}
