import { EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

interface NotifyFlags extends CommonOptions {
  status?: 'queued' | 'sent' | 'given_up'
  channel?: string
  page?: string
  pageSize?: string
}

export const notifyCommand: CommandDefinition = {
  name: 'notify',
  description: 'Notifications: list the channels, test one, preview its message, list deliveries, send one again.',
  examples: [
    'lifeboat notify list',
    'lifeboat notify test ops',
    'lifeboat notify preview ops',
    'lifeboat notify deliveries --status given_up',
    'lifeboat notify replay msg_0f3a.ops',
  ],
  action: 'notifications.deliveries',
  own: ['status', 'channel', 'page', 'pageSize', 'delivery'],
  configure(command, signal) {
    command
      .argument('<action>', 'list, test, preview, deliveries or replay')
      .argument('[name]', 'the channel, or for replay the delivery')
      .option('--status <status>', 'deliveries: queued, sent or given_up')
      .option('--channel <name>', 'deliveries: only of this channel')
      .option('--page <n>', 'deliveries: number of the page', '1')
      .option('--page-size <n>', 'deliveries: entries on a page', '50')
      .action(async (asked: string, name: string | undefined, options: NotifyFlags) => {
        const act = Object.hasOwn(actions, asked) ? actions[asked] : undefined
        if (!act)
          throw new EngineError('USAGE', `There is no notify ${JSON.stringify(asked)}.`, {
            advice: `One of: ${Object.keys(actions).join(', ')}.`,
          })
        if ((name === undefined) !== (asked === 'list' || asked === 'deliveries'))
          throw new EngineError('USAGE', 'test and preview take a channel, replay a delivery, and the others nothing.')
        await act(options, signal, name ?? '')
      })
  },
}

type Act = (options: NotifyFlags, signal: AbortSignal, name: string) => Promise<void>

const actions: Record<string, Act> = {
  list: (options, signal) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const channels = await engine.notifications.list()
      await finish()
      const rows = channels.map(({ name, kind, target, state, queued, last_delivery: last }) => [
        ...[name, kind, plainText(target), state, String(queued)],
        last ? `${last.status} ${formatTime(last.created_at)}${last.last_error ? ` (${last.last_error})` : ''}` : '-',
      ])
      const titles = ['name', 'kind', 'target', 'state', 'waiting', 'last']
      const table = formatTable(
        titles.map((title) => ({ title })),
        rows,
      )
      writeResult(options, { channels }, channels.length === 0 ? 'No channel is configured.' : table)
    }),

  test: (options, signal, name) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const delivery = await engine.notifications.test(name)
      await finish()
      writeResult(options, { delivery }, said(delivery))
      if (delivery.status !== 'sent') process.exitCode = 1
    }),

  preview: (options, signal, name) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const preview = await engine.notifications.preview(name)
      await finish()
      writeResult(options, { preview }, preview.body.split('\n').map(plainText).join('\n'))
    }),

  deliveries: (options, signal) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const { status, channel, page, pageSize } = options
      const found = await engine.notifications.deliveries({
        ...(status === undefined ? {} : { status }),
        ...(channel === undefined ? {} : { channel }),
        ...{ page: Number(page), pageSize: Number(pageSize) },
      })
      await finish()
      const titles = ['id', 'title', 'status', 'attempts', 'made', 'error']
      const rows = found.rows.map(({ id, title, status: state, attempts, created_at, last_error }) => [
        ...[id, plainText(title), state, String(attempts), formatTime(created_at), last_error ?? '-'],
      ])
      const table = formatTable(
        titles.map((title) => ({ title })),
        rows,
      )
      writeResult(
        options,
        { deliveries: found.rows, count: found.count },
        rows.length === 0 ? 'There are none.' : table,
      )
    }),

  replay: (options, signal, id) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const delivery = await engine.notifications.replay(id)
      await finish()
      writeResult(options, { delivery }, said(delivery))
      if (delivery.status !== 'sent') process.exitCode = 1
    }),
}

function said({
  id,
  channel,
  status,
  last_error,
}: {
  id: string
  channel: string
  status: string
  last_error: string | null
}) {
  if (status === 'sent') return `"${channel}" took the message ${id}.`
  return `"${channel}" did not take the message ${id}: ${last_error ?? status}.`
}
