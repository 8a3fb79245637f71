import { LANGUAGES, type Language } from '../text/index.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = typeof THEMES[number]

/** What this browser was told, kept in it alone. */
class Preferences {
  readonly language: Language | undefined = LANGUAGES.find(each => each === localStorage.getItem('language'))
  theme = $state<Theme>(THEMES.find(each => each === localStorage.getItem('theme')) ?? 'system')

  constructor () {
    apply(this.theme)
  }

  setTheme (theme: Theme): void {
    this.theme = theme
    localStorage.setItem('theme', theme)
    apply(theme)
  }

  /** Every text on the page changes: it is drawn anew. */
  setLanguage (language: Language): void {
    localStorage.setItem('language', language)
    location.reload()
  }
}

function apply (theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

export const preferences = new Preferences()
