import { Fragment, type ReactNode } from 'react'
import { found, written } from './texts.ts'
import type { Names, Tags, Text } from './types.ts'

type Wrap = (words: ReactNode) => ReactNode
type Values<One extends Text> = Record<Names<One>, ReactNode> & Record<Tags<One>, Wrap>

/**
 * A text with elements in it: `{name}` stands for one, `<name>…</name>` for one around words, and what is between
 * backticks looks like code. Else as `t()`.
 */
export function tx<One extends Text>(
  text: One,
  ...[values]: [Names<One> | Tags<One>] extends [never] ? [] : [Values<One>]
): ReactNode {
  const given = (values ?? {}) as Record<string, ReactNode | Wrap>
  return drawn(found(text, given), given)
}

function drawn(text: string, values: Readonly<Record<string, ReactNode | Wrap>>): ReactNode {
  let end = 0
  const parts = [...text.matchAll(/`([^`]+)`|\{(\w+)\}|<(\w+)>(.*?)<\/\3>/gs)].map((piece) => {
    const before = text.slice(end, piece.index)
    end = piece.index + piece[0].length
    return (
      <Fragment key={piece.index}>
        {before}
        {pieceOf(piece, values)}
      </Fragment>
    )
  })
  return [...parts, text.slice(end)]
}

function pieceOf([, code, name, tag, words]: RegExpExecArray, values: Readonly<Record<string, ReactNode | Wrap>>) {
  if (code !== undefined) return <code>{drawn(code, values)}</code>
  const value = values[name ?? tag ?? '']
  if (typeof value === 'function') return value(drawn(words ?? '', values))
  return typeof value === 'number' ? written(value) : value
}
