import { mount } from 'svelte'
import { preferredLanguage, speak } from './text/index.ts'
import App from './App.svelte'
import { preferences } from './here/index.ts'
import './style.css'

const target = document.getElementById('app')
if (target !== null) {
  speak(preferences.language ?? preferredLanguage(navigator.languages))
    .then(language => {
      document.documentElement.lang = language
      mount(App, { target })
    })
    .catch((cause: unknown) => { target.textContent = String(cause) })
}
