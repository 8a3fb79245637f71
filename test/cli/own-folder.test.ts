import { strict as assert } from 'node:assert'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeIntake } from '../../src/cli/start/intake.ts'
import type { Config } from '../../src/cli/config/index.ts'
import { declarationSchema } from '../../src/sdk/index.ts'
import { noWeb } from '../intake/memory-sink.fixture.ts'
import { until } from '../intake/mqtt.fixture.ts'
import { MemoryNode } from '../support/memoryNode.ts'

describe('a watched folder', () => {
  it('is none of those that the node lives on, by whatever name: what is in it would be published, and moved away', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hanse-own-'))
    const names = ['keys', 'store', 'signer'].map(name => join(folder, name))
    for (const name of names) await mkdir(name)
    await writeFile(join(folder, 'keys', 'node.key'), 'secret')
    await symlink(join(folder, 'keys'), join(folder, 'inbox'))
    await mkdir(join(folder, 'drop'))
    const paths = [folder, ...names, join(folder, 'inbox'), join(folder, 'drop', '..', 'keys')]
    const declared = (path: string, at: number | 'fine'): ReturnType<typeof declarationSchema.parse> =>
      declarationSchema.parse({ kind: 'folder', name: `watch-${at}`, path, format: 'file', interval_s: 1, dataset: { id: `watched-${at}`, title: 'Watched' } })
    const intake = composeIntake({
      node: new MemoryNode(), config: { mqtt: { listen: '' } } as Config, declarations: [...paths.map(declared), declared(join(folder, 'drop'), 'fine')],
      folder, file: join(folder, 'hanse.toml'), web: noWeb, secret: new Uint8Array(32), log: () => {}
    })
    assert.ok((await intake.start({ callerOf: () => undefined })).ok)
    const statusOf = (at: number | 'fine'): string => {
      const shown = intake.connectors.show(`watch-${at}`)
      return shown.ok ? `${shown.value.status.state} ${shown.value.status.lastError?.sentence ?? ''}` : ''
    }
    for (const [at] of paths.entries()) {
      await until(() => statusOf(at).startsWith('failed'))
      assert.match(statusOf(at), /what it lives on/, paths[at])
    }
    await until(() => statusOf('fine').startsWith('running'))
    await intake.stop()
    assert.equal(await readFile(join(folder, 'keys', 'node.key'), 'utf8'), 'secret')
    await rm(folder, { recursive: true })
  })
})
