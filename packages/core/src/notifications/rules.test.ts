import { expect, test } from 'vitest'
import { type EventType, severityOf } from './events.ts'
import { type NotificationEvent, notificationOptions } from './options.ts'
import { type Condition, judgeEvents, remindersDue } from './rules.ts'

const now = new Date('2026-03-01T23:30:00.000Z')
const channels = [
  { kind: 'slack', name: 'chat', url: 'https://hooks.example/a' },
  {
    kind: 'webhook',
    name: 'siem',
    url: 'https://siem.example',
    secret: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
  },
  { kind: 'heartbeat', name: 'beat', url: 'https://hc.example/1', start: true, database: 'shop' },
  { kind: 'heartbeat', name: 'proof', url: 'https://hc.example/2', after: 'verify', fail: false },
]
const options = (more: object = {}) => notificationOptions.parse({ channels, ...more })

function event(type: EventType, more: Partial<NotificationEvent> = {}): NotificationEvent {
  return {
    ...{ id: `msg_${type}`, type, at: '2026-03-01T23:29:00.000Z', severity: severityOf(type), database: 'shop' },
    ...{ subject: 'b1', condition: 'backups.create:shop', title: type, lines: [], facts: {}, ...more },
  }
}
const lasting = (more: Partial<Condition> = {}): Condition => ({
  ...{ key: 'backups.create:shop', since: '2026-02-27T02:00:00.000Z', count: 3, told_at: '2026-03-01T02:00:00.000Z' },
  event: event('backup.failed'),
  ...more,
})
const judge = (events: NotificationEvent[], more: object = {}, conditions: Condition[] = []) =>
  judgeEvents(events, options(more), { conditions, now })
const toldTo = (events: NotificationEvent[], more: object = {}, conditions: Condition[] = []) =>
  judge(events, more, conditions).deliveries.map(({ channel }) => channel)

test('without rules failures go to every channel, good news to none, and a heartbeat follows its own work', () => {
  expect(toldTo([event('backup.failed')])).toEqual(['chat', 'siem', 'beat'])
  expect(toldTo([event('backup.completed')])).toEqual(['beat'])
  expect(toldTo([event('backup.started')])).toEqual(['beat'])
  expect(toldTo([event('backup.completed', { database: 'other' })])).toEqual([])
  expect(toldTo([event('verify.passed')])).toEqual(['proof'])
  expect(toldTo([event('verify.failed')])).toEqual(['chat', 'siem'])
})

test('rules name types, groups of types, or all of them', () => {
  const rules = [
    { on: ['backup.*'], to: ['chat'] },
    { on: ['*'], to: ['siem'] },
  ]
  expect(toldTo([event('backup.completed')], { rules })).toEqual(['chat', 'siem', 'beat'])
  expect(toldTo([event('copy.behind')], { rules })).toEqual(['siem'])
})

test('who was told of failures is told that it is good again, once', () => {
  const rules = [{ on: ['backup.failed'], to: ['chat'] }]
  const judged = judge([event('backup.completed'), event('backup.completed', { id: 'msg_2' })], { rules }, [lasting()])
  expect(judged.deliveries.map(({ channel, event_id }) => [channel, event_id])).toEqual([
    ['chat', 'msg_backup.completed'],
    ['beat', 'msg_backup.completed'],
    ['beat', 'msg_2'],
  ])
  expect(judged.events[0]?.title).toBe('backup.completed, again after 3 failures')
  expect(judged).toMatchObject({ ended: ['backups.create:shop'], conditions: [] })
})

test('a condition keeps its beginning and counts; restores that fail last no longer than their message', () => {
  expect(judge([event('backup.failed')], {}, [lasting()]).conditions).toMatchObject([
    { since: '2026-02-27T02:00:00.000Z', count: 4, told_at: now.toISOString() },
  ])
  expect(judge([event('restore.failed', { condition: null })]).conditions).toEqual([])
})

test('what lasts is told again after a day, in all processes under one id, and pings nothing', () => {
  const how = { now: new Date('2026-03-02T02:00:00.000Z'), idOf: (cause: string) => cause }
  const young = lasting({ key: 'young', told_at: '2026-03-02T01:00:00.000Z' })
  const reminders = remindersDue([lasting(), young], options(), how)
  expect(reminders.map(({ id, title }) => [id, title])).toEqual([
    ['reminder backups.create:shop 2026-03-01T02:00:00.000Z', 'Still: backup.failed'],
  ])
  const judged = judgeEvents(reminders, options(), { conditions: [lasting()], now: how.now })
  expect(judged.deliveries.map(({ channel }) => channel)).toEqual(['chat', 'siem'])
  expect(judged.conditions).toEqual([{ ...lasting(), told_at: how.now.toISOString() }])
  expect(remindersDue([lasting()], options({ remindHours: 0 }), how)).toEqual([])
})

test('quiet hours and digests hold what is no failure, for people only', () => {
  const more = {
    rules: [{ on: ['*'], to: ['chat', 'siem'] }],
    quietHours: { from: '22:00', to: '07:00', timeZone: 'UTC' },
    digestMinutes: 20,
  }
  const whenOf = (type: EventType, name: string) =>
    judge([event(type)], more).deliveries.find(({ channel }) => channel === name)?.next_at
  expect(whenOf('backup.completed', 'chat')).toBe('2026-03-02T07:00:00.000Z')
  expect(whenOf('backup.completed', 'siem')).toBe(now.toISOString())
  expect(whenOf('backup.completed', 'beat')).toBe(now.toISOString())
  expect(whenOf('backup.failed', 'chat')).toBe(now.toISOString())
  const awake = judge([event('backup.completed')], { ...more, quietHours: undefined }).deliveries[0]
  expect(awake?.next_at).toBe('2026-03-01T23:40:00.000Z')
})

test('a reminder goes to every channel but heartbeats, and waits for people as all that is no failure', () => {
  const reminder = event('reminder.due', { condition: null, database: null })
  expect(toldTo([reminder])).toEqual(['chat', 'siem'])
  expect(toldTo([reminder], { rules: [{ on: ['reminder.*'], to: ['siem'] }] })).toEqual(['siem'])
  const more = { quietHours: { from: '22:00', to: '07:00', timeZone: 'UTC' }, digestMinutes: 20 }
  expect(judge([reminder], more).deliveries.map(({ next_at }) => next_at)).toEqual([
    '2026-03-02T07:00:00.000Z',
    now.toISOString(),
  ])
  expect(judge([reminder], { digestMinutes: 20 }).deliveries[0]?.next_at).toBe('2026-03-01T23:40:00.000Z')
})

test('a channel that fails is told of to the others', () => {
  const failing = event('channel.failing', { condition: 'channel:chat', database: null })
  expect(toldTo([failing])).toEqual(['siem'])
})

test.each([
  ['a channel that rules name is not there', { rules: [{ on: ['*'], to: ['nowhere'] }] }],
  ['a rule names a heartbeat', { rules: [{ on: ['*'], to: ['beat'] }] }],
  ['a type is misspelled', { rules: [{ on: ['backup.fail'], to: ['chat'] }] }],
  ['two channels have one name', { channels: [channels[0], channels[0]] }],
  [
    'a line break in an address',
    {
      channels: [
        {
          kind: 'email',
          name: 'm',
          transport: 'smtp://a',
          from: 'a@b.example',
          to: ['a@example.com\r\nRCPT TO:<evil@example.com>'],
        },
      ],
    },
  ],
  [
    'two addresses in one',
    {
      channels: [
        { kind: 'email', name: 'm', transport: 'smtp://a', from: 'a@b.example', to: ['a@b.example, c@d.example'] },
      ],
    },
  ],
  ['a secret that is too short', { channels: [{ ...channels[1], secret: 'whsec_YWJj' }] }],
  ['a file', { channels: [{ ...channels[0], url: 'file:///etc/passwd' }] }],
  ['no network', { privateAddresses: ['10.0.0.0/33'] }],
])('is refused at the border: %s', (_, more) => {
  expect(notificationOptions.safeParse({ channels, ...more }).success).toBe(false)
})

test('an address may have a name', () => {
  const mail = {
    kind: 'email',
    name: 'm',
    transport: 'smtps://a',
    from: 'Lifeboat <b@shop.example>',
    to: ['o@x.example'],
  }
  expect(notificationOptions.safeParse({ channels: [mail] }).success).toBe(true)
})
