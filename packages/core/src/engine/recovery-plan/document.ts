/** A text of our own, or a value of the installation, which is shown as code and escaped by every writer. */
export type Piece = string | { value: string }
export type Sentence = readonly Piece[]

/** One step of a numbered list, with the lines that are pasted into a shell. */
export interface Step {
  text: Sentence
  commands?: readonly string[]
}

export type Block =
  | { kind: 'heading'; text: string }
  | { kind: 'paragraph'; text: Sentence }
  | { kind: 'list'; items: readonly Sentence[] }
  | { kind: 'table'; columns: readonly string[]; rows: readonly (readonly Sentence[])[] }
  | { kind: 'steps'; steps: readonly Step[] }
  /** A line to fill in by hand. */
  | { kind: 'blank'; label: string }

/** A document that is written as Markdown and as HTML. */
export interface PlanDocument {
  title: string
  blocks: readonly Block[]
}

/** A sentence whose `${values}` are values of the installation. */
export function say(texts: TemplateStringsArray, ...values: readonly (string | number)[]): Piece[] {
  return texts.flatMap((text, index): Piece[] => {
    const value = values[index]
    return [...(text === '' ? [] : [text]), ...(value === undefined ? [] : [{ value: String(value) }])]
  })
}

/** A value with every character that moves the cursor, hides or turns text made visible: `\n`, `\u202e`. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (character === '\n') return '\\n'
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
