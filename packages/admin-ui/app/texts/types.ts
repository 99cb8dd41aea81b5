import type { de } from './de/index.ts'

/** A text of the pages, in English. One that German lacks is none: it does not compile. */
export type Text = keyof typeof de

/** The names in braces. */
export type Names<One extends string> = One extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never

/** The names of elements around words: `<link>…</link>`. */
export type Tags<One extends string> = One extends `${string}</${infer Name}>${infer Rest}` ? Name | Tags<Rest> : never

/** A text that is complete as it stands: no values, no elements. */
export type Plain = { [One in Text]: One extends `${string}${'{' | '</'}${string}` ? never : One }[Text]
