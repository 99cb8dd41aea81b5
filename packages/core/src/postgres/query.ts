/**
 * One statement, answered with its rows. The narrow door through which everything but COPY is asked, so that the same
 * code serves a connection of our own, a transaction that holds the exported snapshot, and a host's inspector.
 */
export type Query = <Row = Record<string, unknown>>(text: string, values?: readonly unknown[]) => Promise<Row[]>
