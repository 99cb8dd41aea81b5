import { z } from 'zod'

export const fromRepository = z
  .boolean()
  .default(false)
  .describe('What the repository holds, without the catalog: of every catalog that recorded into it.')
