import { resolve } from 'node:path'
import type { Client, VerifyReport } from '../../sdk/index.ts'
import { answer, count, EXIT, formatBytes, formatTime, problem, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { argument, failed, wholeNumber, withNode, withProgress, withheld } from './connection.ts'
import { only, writeWhole } from './get.ts'
import { isFile, verifyFile } from './offline.ts'

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Check everything of a dataset, from its records up to the charter, or write the proof of one record',
  arguments: [{ name: 'DATASET', help: 'its name as hanse ls shows it; or a file: a proof or a bundle, which need no node' }],
  options: [
    { name: 'federation', value: 'ID', help: 'of a file: the federation it must be of' },
    { name: 'record', value: 'N', help: 'write the proof of this record, to be checked by anybody without a node' },
    { name: 'output', short: 'o', value: 'FILE', help: 'where to write the proof' },
    { name: 'force', help: 'replace the file if there is one' },
    { name: 'details', help: 'show keys, hashes and ids too' }
  ],
  examples: ['hanse verify Bellevue/i90-counter', 'hanse verify Bellevue/i90-counter --record 12 -o record-12.proof', 'hanse verify record-12.proof'],
  run: async call => {
    if (call.text('record') === undefined && await isFile(argument(call))) return await verifyFile(call, argument(call))
    if (call.text('record') !== undefined) return await withNode(call, client => writeProof(call, client))
    return await withNode(call, async client => {
      const report = await withProgress(call, 'verify', show => client.verify(argument(call), show))
      return report.ok
        ? answer({ verification: report.value }, reportText(report.value, call.flag('details')), report.value.verified ? EXIT.done : EXIT.unverified)
        : failed(report.failure)
    })
  }
}

/** What each check means to a person; what it says in keys and hashes is under the details, and where it failed. */
const MEANINGS: Readonly<Record<string, string>> = {
  records: 'every record has the hash that its segment promises',
  tree: 'all segments are in the tree whose root is signed',
  head: 'the root is signed by the publisher',
  declaration: 'the publisher declared the feed',
  certificate: 'the signing key is certified by the key of the member',
  charter: 'the publisher is a member: all founders signed the charter',
  content: 'the content is what was published, byte for byte'
}

function reportText ({ dataset: id, verified, segments, records, bytes, checks, publisher, headSignedMs }: VerifyReport, hasDetails: boolean): string {
  const dataset = `${publisher}/${id.slice(id.lastIndexOf('/') + 1)}`
  const lines = checks.map(({ name, ok, detail }) => {
    const meaning = ok && (name !== 'content' || /^(sha256|file) /.test(detail)) ? MEANINGS[name] : undefined
    return `  ${ok ? 'ok  ' : 'FAIL'}  ${name}: ${meaning === undefined ? detail : hasDetails ? `${meaning}\n          ${detail}` : meaning}`
  })
  return [
    ...lines,
    verified
      ? `${dataset} is what its publisher signed on ${formatTime(headSignedMs)}: ${count(records, 'record')} in ${count(segments, 'segment')}, ${formatBytes(bytes)}.`
      : `${dataset} is NOT verified.`
  ].join('\n')
}

async function writeProof (call: Call, client: Client): Promise<Outcome> {
  const output = call.text('output')
  if (output === undefined) return problem(EXIT.usage, 'usage', 'A proof needs a file to go to', 'Add -o FILE.')
  const record = wholeNumber(call, 'record', 0, { min: 0, max: Number.MAX_SAFE_INTEGER })
  if (!record.ok) return record
  const proof = await client.proof(argument(call), record.value)
  if (!proof.ok) return withheld(proof.failure)
  const target = resolve(output)
  const written = await writeWhole(target, only(proof.value), {
    sizeBytes: proof.value.length, sha256: null, replace: call.flag('force'), signal: call.signal, onProgress: () => undefined
  })
  if (!written.ok) return written
  return answer({ file: target, ...written.value, record: record.value }, `Wrote ${target} (${formatBytes(proof.value.length)}). Check it anywhere with: hanse verify FILE.`)
}
