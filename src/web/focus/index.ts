/**
 * Keeps the focus from getting lost. What had it may be gone, hidden or switched off by what it did, and a browser gives the focus to
 * nothing then: who works with keys, or hears the page, is at its beginning without a word. What stood around it gets it instead; what
 * is only switched off gets it back.
 */
const PLACES = 'section, form, article, fieldset, li, tr, nav, main, [role=group], [role=region]'
const STOPS = 'a, button, input, select, textarea, summary, label, [tabindex]'

/** What had the focus last, and the places around it from within. Empty once a pointer was put elsewhere: that is meant. */
let around: readonly HTMLElement[] = []

export function keepFocus (): () => void {
  const observer = new MutationObserver(mind)
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'hidden', 'open'] })
  document.addEventListener('focusin', remember)
  document.addEventListener('pointerdown', forget, true)
  return () => {
    observer.disconnect()
    document.removeEventListener('focusin', remember)
    document.removeEventListener('pointerdown', forget, true)
  }
}

function remember ({ target }: Event): void {
  if (!(target instanceof HTMLElement)) return
  const places: HTMLElement[] = [target]
  for (let place = target.parentElement?.closest<HTMLElement>(PLACES); place != null; place = place.parentElement?.closest<HTMLElement>(PLACES)) places.push(place)
  around = places
}

function forget ({ target }: Event): void {
  if (!(target instanceof Element) || target.closest(STOPS) === null) around = []
}

function mind (): void {
  const [last] = around
  if (last === undefined || (document.activeElement !== null && document.activeElement !== document.body)) return
  const isOff = last.matches(':disabled')
  if (isThere(last) && isOff) return
  const next = around.find(isThere) ?? document.querySelector<HTMLElement>('main')
  if (next === null) return
  // A place is no stop of the tab key, but where it goes on from.
  if (next !== last && !next.hasAttribute('tabindex')) next.tabIndex = -1
  next.focus({ preventScroll: next === last })
}

function isThere (element: HTMLElement): boolean {
  return element.isConnected && element.getClientRects().length > 0
}
