/** Builds the console into `dist/web`: one page, its scripts split by page, nothing from elsewhere. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

const root = join(import.meta.dirname, '../src/web')

/** Schemas of zod can write themselves as JSON Schema and complain in English, which nobody asks of the console: a tenth of its first page. */
const withoutUnused: Plugin = {
  name: 'without-unused',
  load: async id => {
    if (/\/zod\/v4\/locales\/en\.js$/.test(id)) return 'export default () => ({ localeError: () => "not what was expected" })'
    if (!/\/zod\/v4\/core\/(json-schema-processors|to-json-schema)\.js$/.test(id)) return null
    const names = [...(await readFile(id, 'utf8')).matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name = '']) => name)
    return names.map(name => `export const ${name} = () => undefined\n`).join('')
  }
}

export default defineConfig({
  root,
  plugins: [withoutUnused, svelte()],
  resolve: { alias: { 'node:crypto': join(root, 'browser/crypto.ts') } },
  build: {
    outDir: join(import.meta.dirname, '../dist/web'), emptyOutDir: true, target: 'es2024', assetsInlineLimit: 0, chunkSizeWarningLimit: 1_200, modulePreload: { polyfill: false },
    // What the console takes of other floors is functions and types: nothing happens by importing them.
    rolldownOptions: { treeshake: { manualPureFunctions: ['z', 'rfc4648', 'baseX'], moduleSideEffects: id => id.includes('/src/web/') || id.endsWith('.css') || id.includes('node_modules/svelte/') } }
  },
  worker: { format: 'es' }
})
