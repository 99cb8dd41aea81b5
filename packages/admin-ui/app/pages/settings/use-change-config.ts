import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, type HttpApi } from '../../api/client.ts'
import { announce } from '../../parts/toasts.tsx'

/** Changes parts of the configuration, and says `done`. */
export function useChangeConfig(done: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: HttpApi['POST config']['body']) => call('POST config', { body }),
    onSuccess(config) {
      announce(done)
      client.setQueryData(['config'], config)
      for (const key of ['schedule', 'retention']) client.invalidateQueries({ queryKey: [key] })
    },
  })
}
