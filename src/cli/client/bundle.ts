import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { answer, count, EXIT, formatBytes, problem, type Command } from '../terminal/index.ts'
import { argument, failed, withNode, withProgress, withheld } from './connection.ts'
import { writeWhole } from './get.ts'
import { bundleText, expectedFederation, inspect, sizeOf } from './offline.ts'

const FILE = { name: 'FILE', help: 'a bundle that hanse bundle make wrote' }

export const bundleCommands: readonly Command[] = [
  {
    name: 'bundle make',
    summary: 'Write datasets into one file, to be carried by hand',
    arguments: [{ name: 'DATASET', help: 'what to take, as hanse ls shows it', repeated: true }],
    options: [
      { name: 'output', short: 'o', value: 'FILE', help: 'where to write it' },
      { name: 'for', value: 'MEMBER', help: 'whom it is for; without it, it holds what every member may have' },
      { name: 'force', help: 'replace the file if there is one' }
    ],
    examples: ['hanse bundle make Bellevue/i90-counter -o counters.car'],
    run: async call => {
      const output = call.text('output')
      if (output === undefined) return problem(EXIT.usage, 'usage', 'A bundle needs a file to go to', 'Write hanse bundle make DATASET -o FILE.')
      const target = resolve(output)
      return await withNode(call, async client => {
        const bundle = await client.makeBundle(call.arguments, call.text('for'))
        if (!bundle.ok) return withheld(bundle.failure)
        const written = await withProgress(call, 'bundle', show => writeWhole(target, bundle.value, {
          sizeBytes: null, sha256: null, replace: call.flag('force'), signal: call.signal, onProgress: show
        }))
        if (!written.ok) return written
        const { sizeBytes, sha256 } = written.value
        return answer({ file: target, sizeBytes, sha256, datasets: call.arguments },
          `Wrote ${target} (${formatBytes(sizeBytes)}) with ${count(call.arguments.length, 'dataset')}. At the other side: hanse bundle open FILE.`)
      })
    }
  },
  {
    name: 'bundle open',
    summary: 'Check a bundle and take what is new in it',
    arguments: [FILE],
    options: [],
    examples: ['hanse bundle open counters.car'],
    run: async call => {
      const sizeBytes = await sizeOf(argument(call))
      if (!sizeBytes.ok) return sizeBytes
      return await withNode(call, async client => {
        const opened = await withProgress(call, 'bundle', show => client.openBundle(createReadStream(argument(call)), sizeBytes.value, show))
        return opened.ok ? answer({ bundle: opened.value }, `${bundleText(opened.value)}\nNew here: ${count(opened.value.added, 'segment')}.`) : failed(opened.failure)
      })
    }
  },
  {
    name: 'bundle inspect',
    summary: 'Check a bundle without a node, and show what it holds',
    arguments: [FILE],
    options: [{ name: 'federation', value: 'ID', help: 'the federation it must be of' }],
    examples: ['hanse bundle inspect counters.car'],
    run: async call => {
      const federation = expectedFederation(call)
      if (!federation.ok) return federation
      const sizeBytes = await sizeOf(argument(call))
      return sizeBytes.ok ? await inspect(call, argument(call), sizeBytes.value, federation.value) : sizeBytes
    }
  }
]
