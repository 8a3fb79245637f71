import type { Component } from 'svelte'
import type { PageProperties } from './here/index.ts'
import type { Key } from './text/index.ts'

type Page = {
  readonly name: string
  readonly title: Key
  readonly isInMenu: boolean
  readonly load: () => Promise<{ readonly Page: Component<PageProperties> }>
}

/** Loaded when they are looked at: the first page stays small. */
const PAGES: readonly [Page, ...Page[]] = [
  { name: 'overview', title: 'page.overview', isInMenu: true, load: () => import('./overview/index.ts') },
  { name: 'catalogue', title: 'page.catalogue', isInMenu: true, load: () => import('./catalogue/index.ts') },
  { name: 'dataset', title: 'page.dataset', isInMenu: false, load: () => import('./dataset/index.ts') },
  { name: 'requests', title: 'page.requests', isInMenu: true, load: () => import('./requests/index.ts') },
  { name: 'request', title: 'page.request', isInMenu: false, load: () => import('./request/index.ts') },
  { name: 'federation', title: 'page.federation', isInMenu: true, load: () => import('./federation/index.ts') },
  { name: 'welcome', title: 'page.welcome', isInMenu: false, load: () => import('./welcome/index.ts') },
  { name: 'audit', title: 'page.audit', isInMenu: false, load: () => import('./audit/index.ts') },
  { name: 'publish', title: 'page.publish', isInMenu: true, load: () => import('./publish/index.ts') },
  { name: 'live', title: 'page.live', isInMenu: true, load: () => import('./live/index.ts') },
  { name: 'connectors', title: 'page.connectors', isInMenu: true, load: () => import('./connectors/index.ts') },
  { name: 'ledger', title: 'page.ledger', isInMenu: true, load: () => import('./ledger/index.ts') },
  { name: 'verify', title: 'page.verify', isInMenu: true, load: () => import('./verify/index.ts') },
  { name: 'settings', title: 'page.settings', isInMenu: true, load: () => import('./settings/index.ts') },
  { name: 'account', title: 'page.account', isInMenu: false, load: () => import('./entry/index.ts') }
]

export const MENU = PAGES.filter(({ isInMenu }) => isInMenu)

export function pageOf (name: string): Page {
  return PAGES.find(page => page.name === name) ?? PAGES[0]
}
