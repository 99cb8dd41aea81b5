/** For tests: random tables that refer to each other, and which rows a subset of them has, by joins in SQL. */
export interface GraphTable {
  name: string
  partitioned: boolean
  rows: number
}

export interface GraphKey {
  name: string
  from: string
  columns: string[]
  to: string
  targets: string[]
  full: boolean
}

export interface GraphSubset {
  from: { table: string; where: { rid: { from: number; below: number } | number[] } }[]
  children: 'all' | (string | { table: string; by: string[] })[]
  whole: string[]
  others: 'whole' | 'empty'
}

export interface Graph {
  sql: string
  tables: GraphTable[]
  keys: GraphKey[]
  subset: GraphSubset
  masks: Record<string, Record<string, string>>
}

/** Keys that a table has, by the suffix of the columns that refer to them: their columns, and the types of the referring ones. */
const targets = {
  k: { columns: ['k'], types: ['bigint'], isOfPartitioned: true },
  kb: { columns: ['b', 'k'], types: ['text', 'int'], isOfPartitioned: true },
  ab: { columns: ['a', 'b'], types: ['int', 'text'], isOfPartitioned: false },
  c: { columns: ['c'], types: ['public.citext'], isOfPartitioned: false },
  n: { columns: ['n'], types: ['numeric'], isOfPartitioned: false },
} as const
type Target = keyof typeof targets

export function randomGraph(seed: number): Graph {
  let state = (seed * 2_654_435_761) >>> 0
  const below = (most: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
  const chance = (share: number) => below(1000) < share * 1000
  const tables = Array.from({ length: 3 + below(5) }, (_, at): GraphTable => {
    return { name: `t${at}`, partitioned: chance(0.3), rows: 5 + below(120) }
  })
  const one = () => tables[below(tables.length)] as GraphTable
  const keys: GraphKey[] = []
  const masks: Graph['masks'] = Object.fromEntries(
    tables.map(({ name }) => [
      name,
      { rid: 'keep', k: 'keep', a: 'keep', b: 'hash', c: 'hash', n: 'keep', note: 'null' },
    ]),
  )
  const sql = ['CREATE EXTENSION citext;']
  const later: string[] = []
  const columns = new Map<string, string[]>(tables.map(({ name }) => [name, []]))
  for (let at = tables.length + below(tables.length * 2); at >= 0; at--) {
    const [from, to] = chance(0.2) ? [one(), one()].fill(one()) : [one(), one()]
    const kinds = (Object.keys(targets) as Target[]).filter((kind) => !to!.partitioned || targets[kind].isOfPartitioned)
    const kind = kinds[below(kinds.length)] as Target
    const { columns: targetColumns, types } = targets[kind]
    const own = targetColumns.map((column) => `f${at}_${column}`)
    const full = own.length > 1 && chance(0.4)
    const key = { name: `fk${at}`, from: from!.name, columns: own, to: to!.name, targets: [...targetColumns], full }
    keys.push(key)
    for (const [part, column] of own.entries()) {
      columns.get(from!.name)?.push(`${column} ${types[part]}`)
      masks[from!.name]![column] = targetColumns[part] === 'b' || targetColumns[part] === 'c' ? 'hash' : 'keep'
    }
    later.push(fillSql(key, { rows: to!.rows, share: 30 + below(70), salt: below(1000), upper: kind === 'c' }))
    // Of a key that need not be complete, one part can be there alone.
    if (own.length > 1 && !full) later.push(`UPDATE ${from!.name} SET ${own[0]} = NULL WHERE rid % 7 = 3;`)
    later.push(
      `ALTER TABLE ${from!.name} ADD CONSTRAINT ${key.name} FOREIGN KEY (${own.join(', ')}) REFERENCES ${to!.name} (${targetColumns.join(', ')})${full ? ' MATCH FULL' : ''} DEFERRABLE;`,
    )
  }
  for (const table of tables) sql.push(tableSql(table, columns.get(table.name) ?? []))
  return { sql: [...sql, ...later].join('\n'), tables, keys, masks, subset: randomSubset() }

  function randomSubset(): GraphSubset {
    const roles = tables.map(({ name }) => ({ name, role: below(10) }))
    const start = one()
    const from: GraphSubset['from'] = [
      { table: start.name, where: { rid: { from: below(start.rows), below: below(start.rows * 2) } } },
    ]
    if (chance(0.4)) from.push({ table: one().name, where: { rid: [1 + below(5), 1 + below(100)] } })
    const isFree = (name: string) => !from.some(({ table }) => table === name)
    const whole = roles.flatMap(({ name, role }) => (role === 0 && isFree(name) ? [name] : []))
    const children = chance(0.3) ? ('all' as const) : pickChildren(from, whole)
    return { from, children, whole, others: chance(0.3) ? 'whole' : 'empty' }
  }

  /** Each refers to a table before it. */
  function pickChildren(from: GraphSubset['from'], whole: readonly string[]): GraphSubset['children'] {
    const parents = new Set(from.map(({ table }) => table))
    const found: (string | { table: string; by: string[] })[] = []
    for (const key of keys.toReversed()) {
      const isTaken = found.some((child) => (typeof child === 'string' ? child : child.table) === key.from)
      if (isTaken || whole.includes(key.from) || !parents.has(key.to) || chance(0.4)) continue
      found.push(chance(0.3) ? { table: key.from, by: [key.name] } : key.from)
      parents.add(key.from)
    }
    return found
  }
}

function tableSql({ name, partitioned, rows }: GraphTable, more: readonly string[]): string {
  const columns = ['rid int NOT NULL', 'k int', 'a int', 'b text', 'c public.citext', 'n numeric', ...more, 'note text']
  const values = `SELECT i, i * 3, i % 5, 'key ' || i, 'Case' || i, i + 0.50 FROM generate_series(1, ${rows}) i`
  if (!partitioned)
    return `CREATE TABLE ${name} (${columns.join(', ')}, PRIMARY KEY (k), UNIQUE (a, b), UNIQUE (c), UNIQUE (n), UNIQUE (b, k));
      INSERT INTO ${name} (rid, k, a, b, c, n) ${values};`
  // The last partition has its columns in another order.
  return `CREATE TABLE ${name} (${columns.join(', ')}, PRIMARY KEY (k), UNIQUE (b, k)) PARTITION BY HASH (k);
    CREATE TABLE ${name}_0 PARTITION OF ${name} FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE ${name}_1 (${columns.toReversed().join(', ').replace(', k int,', ', k int NOT NULL,')});
    ALTER TABLE ${name} ATTACH PARTITION ${name}_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO ${name} (rid, k, a, b, c, n) ${values};`
}

/** Some rows refer to some row; numbers are written in another way at times, and letters in another case. */
function fillSql(
  { from, columns, to, targets: target }: GraphKey,
  { rows, share, salt, upper }: { rows: number; share: number; salt: number; upper: boolean },
): string {
  const value = (column: string) =>
    upper
      ? `upper(o.${column}::text)::public.citext`
      : column === 'n'
        ? `round(o.${column}, 1 + o.rid % 4)`
        : `o.${column}`
  const sets = columns.map((column, part) => `${column} = ${value(target[part] as string)}`)
  return `UPDATE ${from} t SET ${sets.join(', ')} FROM ${to} o
    WHERE o.rid = 1 + abs(hashint4(t.rid + ${salt})) % ${rows} AND abs(hashint4(t.rid * 31 + ${salt})) % 100 < ${share};`
}

type Run = (sql: string) => Promise<Record<string, unknown>[]>

/** The `rid` of the rows that a subset has, by table. */
export async function expectedRows(
  run: Run,
  { tables, keys, subset }: Pick<Graph, 'tables' | 'keys' | 'subset'>,
): Promise<Map<string, number[]>> {
  const starts = new Set(subset.from.map(({ table }) => table))
  const isChildKey = childKeys(keys, subset, starts)
  await run(
    'DROP SCHEMA IF EXISTS model CASCADE; CREATE SCHEMA model; CREATE TABLE model.kept (t text, rid int, PRIMARY KEY (t, rid))',
  )
  for (const { table, where } of subset.from) {
    const condition = Array.isArray(where.rid)
      ? `rid IN (${where.rid.join(', ')})`
      : `rid >= ${where.rid.from} AND rid < ${where.rid.below}`
    await run(`INSERT INTO model.kept SELECT '${table}', rid FROM ${table} WHERE ${condition} ON CONFLICT DO NOTHING`)
  }
  const join = ({ columns, targets: target }: GraphKey) =>
    target.map((column, part) => `p.${column} = c.${columns[part]}`).join(' AND ')
  await untilDone(run, keys.filter(isChildKey), (key) => [
    key.from,
    `SELECT '${key.from}', c.rid FROM ${key.from} c JOIN ${key.to} p ON ${join(key)} JOIN model.kept m ON m.t = '${key.to}' AND m.rid = p.rid`,
  ])
  const named = new Set([...starts, ...subset.whole, ...keys.filter(isChildKey).map(({ from }) => from)])
  const reached = new Set(named)
  for (let before = -1; before < reached.size; ) {
    before = reached.size
    for (const { from, to } of keys) if (reached.has(from)) reached.add(to)
  }
  const rest = subset.others === 'whole' ? tables.filter(({ name }) => !reached.has(name)).map(({ name }) => name) : []
  for (const table of [...subset.whole, ...rest])
    await run(`INSERT INTO model.kept SELECT '${table}', rid FROM ${table} ON CONFLICT DO NOTHING`)
  await untilDone(run, keys, (key) => [
    key.to,
    `SELECT '${key.to}', p.rid FROM ${key.to} p JOIN ${key.from} c ON ${join(key)} JOIN model.kept m ON m.t = '${key.from}' AND m.rid = c.rid`,
  ])
  const found = new Map<string, number[]>()
  for (const { name } of tables) {
    const rows = await run(`SELECT rid FROM model.kept WHERE t = '${name}' ORDER BY rid`)
    found.set(
      name,
      rows.map(({ rid }) => rid as number),
    )
  }
  await run('DROP SCHEMA model CASCADE')
  return found
}

function childKeys(keys: readonly GraphKey[], { children, whole }: GraphSubset, starts: ReadonlySet<string>) {
  const parents = new Set(starts)
  if (children !== 'all') {
    for (const child of children) parents.add(typeof child === 'string' ? child : child.table)
    return ({ name, from, to }: GraphKey) =>
      parents.has(to) &&
      children.some((child) =>
        typeof child === 'string' ? child === from : child.table === from && child.by.includes(name),
      )
  }
  for (let before = -1; before < parents.size; ) {
    before = parents.size
    for (const { from, to } of keys) if (parents.has(to) && !whole.includes(from)) parents.add(from)
  }
  return ({ from, to }: GraphKey) => parents.has(to) && !whole.includes(from)
}

async function untilDone(
  run: Run,
  keys: readonly GraphKey[],
  select: (key: GraphKey) => [string, string],
): Promise<void> {
  const count = async () => Number((await run('SELECT count(*)::int AS n FROM model.kept'))[0]?.n)
  for (let before = -1; before !== (await count()); ) {
    before = await count()
    for (const key of keys) await run(`INSERT INTO model.kept ${select(key)[1]} ON CONFLICT DO NOTHING`)
  }
}
