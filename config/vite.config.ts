/** Builds the console into `dist/web`: one page, its scripts split by page, nothing from elsewhere. */
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const root = join(import.meta.dirname, '../src/web')

export default defineConfig({
  root,
  plugins: [svelte()],
  resolve: {
    alias: [{ find: 'node:crypto', replacement: join(root, 'browser/crypto.ts') }, { find: /^zod$/, replacement: join(root, 'browser/schemas.ts') }]
  },
  build: {
    outDir: join(import.meta.dirname, '../dist/web'), emptyOutDir: true, target: 'es2024', assetsInlineLimit: 0, chunkSizeWarningLimit: 1_200, modulePreload: { polyfill: false },
    // What the console takes of other floors and of packages is functions and types: nothing happens by importing them. Nor by entering a room.
    rolldownOptions: { treeshake: { manualPureFunctions: ['z', 'rfc4648', 'baseX'], moduleSideEffects: id => (id.includes('/src/web/') && !id.endsWith('/index.ts')) || id.endsWith('.css') } }
  },
  worker: { format: 'es' }
})
