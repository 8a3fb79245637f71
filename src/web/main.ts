import { mount } from 'svelte'
import { interpretBy, preferredLanguage, speak, type Language, type Messages } from './text/index.ts'
import App from './App.svelte'
import { preferences } from './here/index.ts'
// By address and not as scripts: a reader needs one language of them.
import english from './text/en.json?url'
import german from './text/de.json?url'
import saidInGerman from './text/said.de.json?url'
import type { SaidTexts } from './said/index.ts'
import './style.css'

const TEXTS: Readonly<Record<Language, string>> = { en: english, de: german }
/** What the node says, for readers of other languages than its own. */
const SAID: Readonly<Partial<Record<Language, string>>> = { de: saidInGerman }

async function open (target: HTMLElement): Promise<void> {
  const language = preferences.language ?? preferredLanguage(navigator.languages)
  const [texts] = await Promise.all([fetched<Messages>(TEXTS[language]), understand(language)])
  speak(language, texts, navigator.languages)
  document.documentElement.lang = language
  mount(App, { target })
}

async function understand (language: Language): Promise<void> {
  const address = SAID[language]
  if (address === undefined) return
  const [{ interpreterOf }, said] = await Promise.all([import('./said/index.ts'), fetched<SaidTexts>(address)])
  interpretBy(interpreterOf(said, language))
}

async function fetched<T> (address: string): Promise<T> {
  return await (await fetch(address)).json() as T
}

const target = document.getElementById('app')
if (target !== null) open(target).catch((cause: unknown) => { target.textContent = String(cause) })
