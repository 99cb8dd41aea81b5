import { z } from 'zod'

export const taskReference = z.string().min(1).max(100).describe('Id of the task.')
