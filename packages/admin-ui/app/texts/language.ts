/** The languages of the pages, each by its own name. The first is the one in which the pages are written. */
export const languages = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof languages

const storageKey = 'lifeboat.language'

const fitting = (tag: string | null | undefined): Language | undefined =>
  (Object.keys(languages) as Language[]).find((one) => one === tag?.split('-')[0])

/** The one that was chosen here, else the host's (`adminUi({ language })`), else the first of the browser's that there is. */
function chosen(): Language {
  if (typeof document === 'undefined') return 'en'
  const wanted = [localStorage.getItem(storageKey), document.documentElement.dataset.language, ...navigator.languages]
  return wanted.map(fitting).find((one) => one !== undefined) ?? 'en'
}

/** The language of this page. It does not change while the page is open: `changeLanguage` opens it again. */
export const language: Language = chosen()

/** The same for `Intl`, with the region of the browser where that speaks it: `en-GB` writes dates as in Britain. */
export const locale: string =
  typeof navigator === 'undefined'
    ? language
    : (navigator.languages.find((tag) => fitting(tag) === language) ?? language)

export function changeLanguage(next: Language): void {
  localStorage.setItem(storageKey, next)
  location.reload()
}
