import type { Client } from '../../sdk/index.ts'
import type { Session } from './session.svelte.ts'
import type { Watch } from './watch.svelte.ts'

/** What every page gets. `argument`: what stands behind its name in the address. */
export type PageProperties = { readonly client: Client, readonly watch: Watch, readonly session: Session, readonly argument: string }
