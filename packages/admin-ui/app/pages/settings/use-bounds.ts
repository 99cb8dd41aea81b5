import { useQuery } from '@tanstack/react-query'
import { apiUrl, send } from '../../api/client.ts'

interface Bounds {
  minimum?: number
  maximum?: number
}

interface Description {
  paths?: Record<
    string,
    {
      post?: {
        requestBody?: { content?: { 'application/json'?: { schema?: { properties?: Record<string, Bounds> } } } }
      }
    }
  >
}

/** What each value of the configuration may be, from the schema by which the server itself judges. */
export function useBounds(): Record<string, Bounds> {
  const { data } = useQuery({
    queryKey: ['openapi'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => (await (await send(apiUrl('openapi.json'), { signal })).json()) as Description,
  })
  return data?.paths?.['/config/']?.post?.requestBody?.content?.['application/json']?.schema?.properties ?? {}
}
