import { drillSchema } from '../../repository/documents/drills.ts'

/** A drill as every face shows it: what the repository keeps. */
export const drillResult = drillSchema.meta({ id: 'drill' })
