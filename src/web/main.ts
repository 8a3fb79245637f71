import { mount } from 'svelte'
import { preferredLanguage, speak, type Language, type Messages } from './text/index.ts'
import App from './App.svelte'
import { preferences } from './here/index.ts'
// By address and not as scripts: a reader needs one language of them.
import english from './text/en.json?url'
import german from './text/de.json?url'
import './style.css'

const TEXTS: Readonly<Record<Language, string>> = { en: english, de: german }

async function open (target: HTMLElement): Promise<void> {
  const language = preferences.language ?? preferredLanguage(navigator.languages)
  speak(language, await (await fetch(TEXTS[language])).json() as Messages, navigator.languages)
  document.documentElement.lang = language
  mount(App, { target })
}

const target = document.getElementById('app')
if (target !== null) open(target).catch((cause: unknown) => { target.textContent = String(cause) })
