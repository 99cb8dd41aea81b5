import { useEffect, useState } from 'react'
import { Icon } from '../parts/icon.tsx'
import { type Plain, t } from '../texts/texts.ts'

const storageKey = 'lifeboat.theme'
const themes = ['system', 'light', 'dark'] as const satisfies readonly Plain[]
type Theme = (typeof themes)[number]

const stored = (): Theme => themes.find((theme) => theme === localStorage.getItem(storageKey)) ?? 'system'

/** Light, dark, or as the system has it. */
export function ThemeChoice() {
  const [theme, setTheme] = useState(stored)
  useEffect(() => {
    document.documentElement.dataset.theme = theme
    localStorage.setItem(storageKey, theme)
  }, [theme])
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'
  return (
    <button
      type="button"
      className="button quiet icon-only"
      title={t('Colours: {theme}', { theme: t(theme) })}
      aria-label={t('Colours: {theme}. Change to {next}.', { theme: t(theme), next: t(next) })}
      onClick={() => setTheme(next)}
    >
      <Icon name="theme" />
    </button>
  )
}
