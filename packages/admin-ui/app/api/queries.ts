import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call, type HttpApi } from './client.ts'
import { isOpen } from './records.ts'
import { useSession } from './session.tsx'

/** Reads of the API, one hook each. All are of the database that is looked at. */

type BackupQuery = HttpApi['GET backups']['query']

/** What lists show of a backup. Its packages and migrations are many times as much. */
const listed = [
  ...['id', 'number', 'status', 'name', 'trigger', 'created_by', 'created_at', 'completed_at', 'task_id'],
  ...['logical_bytes', 'stored_bytes', 'include_media', 'media_only', 'pinned', 'last_verified', 'error'],
  ...['lost_files', 'quarantine', 'forecast'],
].join(',')

export function useBackups(query: { [Field in keyof BackupQuery]?: string | number | undefined }, enabled = true) {
  const { database } = useSession()
  return useQuery({
    queryKey: ['backups', database, query],
    queryFn: ({ signal }) => call('GET backups', { query: { ...query, database, fields: listed }, signal }),
    placeholderData: keepPreviousData,
    enabled,
  })
}

export function useBackup(id: string) {
  const { database } = useSession()
  return useQuery({
    queryKey: ['backup', database, id],
    queryFn: ({ signal }) => call('GET backups/:id', { params: { id }, query: { database }, signal }),
    enabled: id !== '',
  })
}

export function useTask(taskId: string | null | undefined) {
  return useQuery({
    queryKey: ['task', taskId],
    queryFn: ({ signal }) => call('GET tasks/:task_id', { params: { task_id: taskId ?? '' }, signal }),
    enabled: Boolean(taskId),
    // The stream tells; this is for when it is not there.
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? 5000 : false),
  })
}

/** Tasks that wait or run, of all databases. */
export function useOpenTasks() {
  return useQuery({
    queryKey: ['open-tasks'],
    queryFn: async ({ signal }) =>
      (await call('GET tasks', { query: { status: 'queued,running', page_size: 200 }, signal })).results,
  })
}

export function useTasks(query: { [Field in keyof HttpApi['GET tasks']['query']]?: string | number | undefined }) {
  return useQuery({
    queryKey: ['tasks', query],
    queryFn: ({ signal }) => call('GET tasks', { query, signal }),
    placeholderData: keepPreviousData,
  })
}

/** Whether new tasks start. No event reports that another user pauses the queue: the page asks regularly. */
export function usePaused(enabled = true): boolean {
  const { data } = useQuery({
    queryKey: ['tasks', 'paused'],
    queryFn: async ({ signal }) => (await call('GET tasks', { query: { page_size: 1 }, signal })).paused,
    refetchInterval: 5000,
    enabled,
  })
  return data ?? false
}

export function useRestores(query: { page_size?: number } = {}) {
  const { database } = useSession()
  return useQuery({
    queryKey: ['restores', database, query],
    queryFn: ({ signal }) => call('GET restores', { query: { ...query, database }, signal }),
  })
}

export function useRestore(id: string) {
  return useQuery({
    queryKey: ['restore', id],
    queryFn: ({ signal }) => call('GET restores/:id', { params: { id }, signal }),
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? 5000 : false),
  })
}

/** Whether the databases are protected: all of them. */
export function useProtection() {
  return useQuery({
    queryKey: ['protection'],
    queryFn: ({ signal }) => call('GET protection', { signal }),
    refetchInterval: 60_000,
  })
}

/**
 * Requests for approval, of all databases: open ones, or all of them. No event reports a request of another person: the
 * page asks regularly.
 */
export function useApprovals(open: boolean, enabled = true) {
  return useQuery({
    queryKey: ['approvals', open],
    queryFn: ({ signal }) => call('GET approvals', { query: { open: String(open), page_size: 50 }, signal }),
    refetchInterval: ({ state }) => (state.data?.required === false ? false : 15_000),
    enabled,
  })
}

export function useStatistics() {
  const { database } = useSession()
  return useQuery({
    queryKey: ['statistics', database],
    queryFn: ({ signal }) => call('GET statistics', { query: { database }, signal }),
  })
}

/** What is odd about rows and sizes and was not acknowledged. */
export function useAlarms() {
  const { database } = useSession()
  return useQuery({
    queryKey: ['alarms', database],
    queryFn: async ({ signal }) => (await call('GET alarms', { query: { database }, signal })).results,
    refetchInterval: 60_000,
  })
}

/** What drills have found, newest first. */
export function useDrills() {
  const { database } = useSession()
  return useQuery({
    queryKey: ['drills', database],
    queryFn: async ({ signal }) => (await call('GET drills', { query: { database }, signal })).results,
  })
}

export function useDoctor() {
  const { database } = useSession()
  return useQuery({
    queryKey: ['doctor', database],
    queryFn: ({ signal }) => call('GET doctor', { query: { database }, signal }),
    staleTime: 60_000,
  })
}

/** What is still to be done before production: all databases. */
export function useChecklist({ always = false } = {}) {
  return useQuery({
    queryKey: ['checklist'],
    // On the way back from a page where a point was dealt with.
    refetchOnMount: always ? 'always' : true,
    queryFn: ({ signal }) => call('GET checklist', { signal }),
    staleTime: 60_000,
  })
}

/** What people do again and again. */
export function useReminders() {
  return useQuery({
    queryKey: ['checklist', 'reminders'],
    queryFn: ({ signal }) => call('GET reminders', { signal }),
    staleTime: 60_000,
  })
}

export function useConfig() {
  return useQuery({ queryKey: ['config'], queryFn: ({ signal }) => call('GET config', { signal }) })
}

/** What runs by itself, of all databases. */
export function useSchedules(count = 10) {
  return useQuery({
    queryKey: ['schedule', 'all', count],
    queryFn: async ({ signal }) => (await call('GET schedule', { query: { count }, signal })).results,
  })
}

/** The automatic backup of the run-time settings, as it is or as `trial` would make it. */
export function useAutomaticBackup(trial: Record<string, string | number> = {}, count = 10) {
  const { database } = useSession()
  return useQuery({
    queryKey: ['schedule', database, trial, count],
    queryFn: async ({ signal }) => {
      const { results } = await call('GET schedule', { query: { count, ...trial }, signal })
      return results.find((one) => one.by_settings && (!database || one.database === database)) ?? null
    },
    placeholderData: keepPreviousData,
    retry: false,
  })
}

export function useCopies() {
  return useQuery({
    queryKey: ['copies'],
    queryFn: async ({ signal }) => (await call('GET copies', { signal })).results,
    staleTime: 60_000,
  })
}

export function useRetention(trial: Record<string, string | number> = {}) {
  const { database } = useSession()
  return useQuery({
    queryKey: ['retention', database, trial],
    queryFn: ({ signal }) => call('GET retention', { query: { database, ...trial }, signal }),
    placeholderData: keepPreviousData,
  })
}

/** `after` may be `live`. Nothing is asked until both are known. */
export function useComparison(before: string | undefined, after: string | undefined) {
  const { database } = useSession()
  return useQuery({
    queryKey: ['comparison', database, before, after],
    queryFn: ({ signal }) =>
      call('GET backups/:id/compare', {
        params: { id: before ?? '' },
        query: { with: after ?? '', database },
        signal,
      }),
    enabled: before !== undefined && after !== undefined,
    staleTime: 60_000,
    retry: false,
  })
}
