import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const BUILT = join(ROOT, 'dist/cli/main.js')

/** The command from its sources: always there. */
export const SOURCES: string = join(ROOT, 'src/cli/main.ts')

/** The command as a city installs it, where `npm run build` has made it, and else its sources, which need some 20 MB more for the reader of their types. */
export const PROGRAM: { readonly form: 'built' | 'sources', readonly path: string } = existsSync(BUILT) ? { form: 'built', path: BUILT } : { form: 'sources', path: SOURCES }

/** Flags of Node that the first line of the command names: a script that starts Node itself measures what runs elsewhere. */
export const NODE_FLAGS: readonly string[] = (readFileSync(SOURCES, 'utf8').split('\n', 1)[0] ?? '').split(' ').filter(word => word.startsWith('--'))
