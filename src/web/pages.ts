import type { Component } from 'svelte'
import type { PageProperties } from './here/index.ts'
import type { Key } from './text/index.ts'

type Page = {
  readonly name: string
  readonly title: Key
  /** In the bar for every day, in the menu alone, or reached from other pages. */
  readonly place: 'bar' | 'menu' | 'none'
  readonly load: () => Promise<{ readonly Page: Component<PageProperties> }>
}

/** Loaded when they are looked at: the first page stays small. */
const PAGES: readonly [Page, ...Page[]] = [
  { name: 'overview', title: 'page.overview', place: 'bar', load: () => import('./overview/index.ts') },
  { name: 'catalogue', title: 'page.catalogue', place: 'bar', load: () => import('./catalogue/index.ts') },
  { name: 'publish', title: 'page.publish', place: 'bar', load: () => import('./publish/index.ts') },
  { name: 'live', title: 'page.live', place: 'bar', load: () => import('./live/index.ts') },
  { name: 'requests', title: 'page.requests', place: 'bar', load: () => import('./requests/index.ts') },
  { name: 'federation', title: 'page.federation', place: 'bar', load: () => import('./federation/index.ts') },
  { name: 'connectors', title: 'page.connectors', place: 'menu', load: () => import('./connectors/index.ts') },
  { name: 'ledger', title: 'page.ledger', place: 'menu', load: () => import('./ledger/index.ts') },
  { name: 'verify', title: 'page.verify', place: 'menu', load: () => import('./verify/index.ts') },
  { name: 'settings', title: 'page.settings', place: 'menu', load: () => import('./settings/index.ts') },
  { name: 'dataset', title: 'page.dataset', place: 'none', load: () => import('./dataset/index.ts') },
  { name: 'request', title: 'page.request', place: 'none', load: () => import('./request/index.ts') },
  { name: 'audit', title: 'page.audit', place: 'none', load: () => import('./audit/index.ts') },
  { name: 'welcome', title: 'page.welcome', place: 'none', load: () => import('./welcome/index.ts') },
  { name: 'account', title: 'page.account', place: 'none', load: () => import('./entry/index.ts') }
]

export const MENU = PAGES.filter(({ place }) => place !== 'none')

export function pageOf (name: string): Page {
  return PAGES.find(page => page.name === name) ?? PAGES[0]
}
