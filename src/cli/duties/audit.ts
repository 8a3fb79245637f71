import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Client, UseReport } from '../../sdk/index.ts'
import { argument, failed, only, withNode, writeWhole } from '../client/index.ts'
import { fieldsText } from '../ledger/index.ts'
import { answer, count, formatTime, plain, table, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { erasureTable, usesTable } from './words.ts'

const SHOWN_MAX = 50
const PROOFS_MAX = 1_000

export const auditCommand: Command = {
  name: 'audit',
  summary: 'Show who had a dataset, when, under what terms, and everything that the ledger says about it, or about a member',
  arguments: [{ name: 'DATASET|MEMBER', help: 'a dataset as hanse ls shows it, or the name or key of a member' }],
  options: [{ name: 'proofs', value: 'FOLDER', help: `write the proof of each entry there, for anybody who has the charter (the newest ${PROOFS_MAX})` }],
  examples: ['hanse audit Bellevue/i90-counter', 'hanse audit bins --proofs evidence', 'hanse audit Renton --json'],
  run: async call => await withNode(call, async client => {
    const entries = await client.audit(argument(call))
    if (!entries.ok) return failed(entries.failure)
    const uses = await client.uses(argument(call))
    const report = uses.ok ? uses.value : undefined
    const folder = call.text('proofs')
    if (folder !== undefined && report !== undefined) {
      const written = await writeProofs(call, client, report, resolve(folder))
      if (!written.ok) return written
    }
    const rows = entries.value.map(({ height, timeMs, by, operation: { name, fields } }) => [String(height), formatTime(timeMs), by.name, name, fieldsText(fields)])
    const ledger = rows.length === 0 ? 'The ledger says nothing about it yet.' : table([
      { heading: 'BLOCK', right: true }, { heading: 'TIME' }, { heading: 'BY' }, { heading: 'OPERATION' }, { heading: 'WHAT' }
    ], rows)
    return answer({ audit: entries.value, ...report === undefined ? {} : { uses: report } }, [...report === undefined ? [] : [reportText(report), '', 'On the ledger:'], ledger].join('\n'))
  })
}

function reportText ({ agreements, entries, erasures }: UseReport): string {
  const agreed = agreements.flatMap(({ id, provider, consumer, inForceFromMs, revokedAtMs, sentences, duties, isOnLedger }) => [
    `${plain(consumer.name)} by agreement ${id} with ${plain(provider.name)}, ${formatTime(inForceFromMs)} to ${revokedAtMs === null ? 'now' : formatTime(revokedAtMs)}` +
      `${isOnLedger === true ? ', on the ledger' : ''}${duties.some(({ state }) => state === 'violated') ? ', BROKEN: a receipt is overdue' : ''}`,
    ...sentences.map(({ sentence }) => `  ${plain(sentence)}`)
  ])
  const shown = entries.slice(0, SHOWN_MAX)
  const more = entries.length > shown.length ? [`and ${count(entries.length - shown.length, 'older entry', 'older entries')}: see --json`] : []
  return [
    ...agreed.length === 0 ? ['Nobody has an agreement about it, as far as this node knows.'] : agreed,
    '', shown.length === 0 ? 'Nothing was given out under terms yet.' : usesTable(shown), ...more,
    ...erasures.length === 0 ? [] : ['', 'Erased:', erasureTable(erasures)]
  ].join('\n')
}

async function writeProofs (call: Call, client: Client, { entries }: UseReport, folder: string): Promise<Outcome> {
  await mkdir(folder, { recursive: true })
  for (const { feed, record, timeMs, what } of entries.slice(0, PROOFS_MAX)) {
    const proof = await client.proveUse(feed, record)
    if (!proof.ok) return failed(proof.failure)
    const name = `${new Date(timeMs).toISOString().slice(0, 10)}-${what}-${feed.slice(-8)}-${record}.proof`
    const written = await writeWhole(join(folder, name), only(proof.value), {
      sizeBytes: proof.value.length, sha256: null, replace: true, signal: call.signal, onProgress: () => undefined
    })
    if (!written.ok) return written
  }
  return answer({}, '')
}
