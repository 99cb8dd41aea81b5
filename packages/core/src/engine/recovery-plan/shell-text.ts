/**
 * A value as one word of bash, zsh or ksh. What a terminal would act on (line ends, escapes, marks of direction) is
 * written as an escape of the shell, so that nothing is run by pasting it.
 */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`
  const inner = text.replaceAll(/['\\]/g, (mark) => `\\${mark}`)
  return `$'${inner.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, shellEscape)}'`
}

function shellEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** A name as the last part of a URL between double quotes: nothing in it means anything to the shell. */
export const urlPart = (name: string): string =>
  encodeURIComponent(name).replaceAll(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
