import { changeLanguage, type Language, language, languages } from '../texts/language.ts'
import { t } from '../texts/texts.ts'

/** The language of the pages; each is named in itself, for those who read no other. */
export function LanguageChoice() {
  return (
    <select
      className="language-choice"
      aria-label={t('Language')}
      value={language}
      onChange={(event) => changeLanguage(event.target.value as Language)}
    >
      {Object.entries(languages).map(([tag, name]) => (
        <option key={tag} value={tag} lang={tag}>
          {name}
        </option>
      ))}
    </select>
  )
}
