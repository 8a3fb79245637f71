/** Colours of the page as it is drawn now, in a form that WebGL understands. */
export type Colours = Readonly<Record<typeof NAMES[number], string>>

const NAMES = ['paper', 'panel', 'ink', 'soft', 'edge', 'accent', 'ok', 'wait', 'stop'] as const

export type Tone = 'accent' | 'ok' | 'wait' | 'stop'

/** The custom properties hold both themes; what they come to is known to the browser alone. */
export function coloursOf (element: HTMLElement): Colours {
  const probe = document.createElement('span')
  element.append(probe)
  const entries = NAMES.map(name => {
    probe.style.color = `var(--${name})`
    return [name, getComputedStyle(probe).color]
  })
  probe.remove()
  return Object.fromEntries(entries) as Colours
}

/** Calls when the theme changes, by choice or by the system, until the answer is called. */
export function onThemeChange (changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const chosen = new MutationObserver(changed)
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  dark.addEventListener('change', changed)
  return () => {
    chosen.disconnect()
    dark.removeEventListener('change', changed)
  }
}
