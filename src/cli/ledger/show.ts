import { resolve } from 'node:path'
import type { BlockView, LedgerCheck, LedgerStatus } from '../../sdk/index.ts'
import { failed, only, wholeNumber, withNode, withProgress, writeWhole } from '../client/index.ts'
import { answer, count, EXIT, formatTime, ledgerRows, pairs, plain, problem, table, type Command } from '../terminal/index.ts'
import { decide, DECIDING_OPTIONS, shortId } from './deciding.ts'

const LIMIT = 10
const LIMIT_MAX = 1_000
const FIELDS_CHARACTERS_MAX = 200

export const ledgerCommands: readonly Command[] = [
  {
    name: 'ledger show',
    summary: 'Show where the ledger stands and its newest blocks, or all of one block',
    arguments: [],
    options: [
      { name: 'block', value: 'HEIGHT', help: 'all of this block' },
      { name: 'limit', value: 'N', help: `so many of the newest blocks (default ${LIMIT})` },
      { name: 'before', value: 'HEIGHT', help: 'only blocks below this one' }
    ],
    examples: ['hanse ledger show', 'hanse ledger show --block 42', 'hanse ledger show --limit 50 --json'],
    run: async call => {
      const limit = wholeNumber(call, 'limit', LIMIT, { min: 1, max: LIMIT_MAX })
      const before = wholeNumber(call, 'before', Number.MAX_SAFE_INTEGER, { min: 1, max: Number.MAX_SAFE_INTEGER })
      const height = wholeNumber(call, 'block', 0, { min: 1, max: Number.MAX_SAFE_INTEGER - 1 })
      if (!limit.ok) return limit
      if (!before.ok) return before
      if (!height.ok) return height
      return await withNode(call, async client => {
        if (call.text('block') !== undefined) {
          const page = await client.blocks({ before: height.value + 1, limit: 1 })
          if (!page.ok) return failed(page.failure)
          const [block] = page.value.blocks
          return block?.height === height.value
            ? answer({ block }, blockText(block))
            : problem(EXIT.notFound, 'not-found', `Block ${height.value} is not here`, 'It is not final yet, or this node began with a later one; see hanse ledger show.')
        }
        const [ledger, page] = await Promise.all([
          client.ledger(), client.blocks({ limit: limit.value, ...call.text('before') === undefined ? {} : { before: before.value } })
        ])
        if (!ledger.ok) return failed(ledger.failure)
        return page.ok ? answer({ ledger: ledger.value, ...page.value }, ledgerText(ledger.value, page.value.blocks)) : failed(page.failure)
      })
    }
  },
  {
    name: 'ledger verify',
    summary: 'Check the whole ledger from the charter on: hashes, certificates, execution, finality',
    arguments: [],
    options: [],
    examples: ['hanse ledger verify'],
    run: async call => await withNode(call, async client => {
      const checked = await withProgress(call, 'ledger', () => client.verifyLedger())
      return checked.ok
        ? answer({ verification: checked.value }, checkText(checked.value), checked.value.verified ? EXIT.done : EXIT.unverified)
        : failed(checked.failure)
    })
  },
  {
    name: 'ledger checkpoint',
    summary: 'Show this member\'s signed word where the ledger stands, for somebody who begins to verify',
    arguments: [],
    options: [
      { name: 'output', short: 'o', value: 'FILE', help: 'write the signed statement to a file' },
      { name: 'force', help: 'replace the file if there is one' }
    ],
    examples: ['hanse ledger checkpoint', 'hanse ledger checkpoint -o bellevue.checkpoint'],
    run: async call => await withNode(call, async client => {
      const output = call.text('output')
      if (output === undefined) {
        const said = await client.publicCheckpoint()
        if (!said.ok) return failed(said.failure)
        const { member, federation, epoch, height, digest, timeMs, statement } = said.value
        return answer({ checkpoint: said.value }, pairs([
          ['federation', federation], ['block', `${height} in epoch ${epoch}, of ${formatTime(timeMs)}`], ['digest', digest], ['signed by', member],
          ['statement', statement]
        ]))
      }
      const checkpoint = await client.checkpoint()
      if (!checkpoint.ok) return failed(checkpoint.failure)
      const target = resolve(output)
      const written = await writeWhole(target, only(checkpoint.value), {
        sizeBytes: checkpoint.value.length, sha256: null, replace: call.flag('force'), signal: call.signal, onProgress: () => undefined
      })
      return written.ok ? answer({ file: target, ...written.value }, `Wrote ${target}.`) : written
    })
  },
  {
    name: 'ledger rotate-key',
    summary: 'Give this node another key to vote on blocks with',
    arguments: [],
    options: DECIDING_OPTIONS,
    examples: ['hanse ledger rotate-key', 'hanse ledger rotate-key --dry-run'],
    run: async call => await withNode(call, async client => await decide(call, client, {
      effect: [
        'Makes a fresh key, keeps it in the folder of this node, and has the ledger name it in place of the one that votes now.',
        'The old key votes until the next seal and is erased then. Keys of the member and its data are not touched.'
      ],
      submit: withinMs => client.rotateKey(withinMs),
      told: async ({ height }) => ({ json: {}, text: `The fresh key stands in block ${height}. It votes from the next seal on.` })
    }))
  }
]

function ledgerText (ledger: LedgerStatus, blocks: readonly BlockView[]): string {
  const head = pairs([
    ...ledgerRows(ledger), ['block', ledger.height === 0 ? 'none yet' : `${ledger.height} in epoch ${ledger.epoch}, of ${formatTime(ledger.finalMs)}`],
    ['digest', ledger.digest], ['state', ledger.stateRoot]
  ])
  if (blocks.length === 0) return head
  return `${head}\n\n${table([
    { heading: 'BLOCK', right: true }, { heading: 'EPOCH', right: true }, { heading: 'TIME' }, { heading: 'PROPOSED BY' }, { heading: 'HOLDS' }
  ], blocks.map(block => [String(block.height), String(block.epoch), formatTime(block.timeMs), block.proposer.name, holdsText(block)]))}`
}

function holdsText ({ type, transactions }: BlockView): string {
  if (type === 'seal') return 'the seal of its epoch'
  const counts = new Map<string, number>()
  for (const { name } of transactions.flatMap(({ operations }) => operations)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts.size === 0 ? '-' : [...counts].map(([name, amount]) => amount === 1 ? name : `${amount} ${name}`).join(', ')
}

function blockText (block: BlockView): string {
  const { height, epoch, view, type, timeMs, proposer, digest, parent, stateRoot, transactions } = block
  const lines = transactions.flatMap(({ id, author, operations }) => [
    '', `transaction ${shortId(id)} of ${plain(author.name)}`, ...operations.map(({ name, fields }) => `  ${name}  ${fieldsText(fields)}`)
  ])
  return [pairs([
    ['block', `${height} in epoch ${epoch}, view ${view}${type === 'normal' ? '' : `, ${type}`}`], ['time', formatTime(timeMs)],
    ['proposed by', `${proposer.name} (${proposer.did})`], ['digest', digest], ['parent', parent], ['state', stateRoot],
    ['holds', count(transactions.length, 'transaction')]
  ]), ...lines].join('\n')
}

/** Fields on one line; the whole of them is under --json. */
export function fieldsText (fields: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(fields).map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ')
  return plain(text.length > FIELDS_CHARACTERS_MAX ? `${text.slice(0, FIELDS_CHARACTERS_MAX)}…` : text)
}

function checkText ({ verified, fromHeight, height, checks }: LedgerCheck): string {
  return [
    ...checks.map(({ name, ok, detail }) => `  ${ok ? 'ok  ' : 'FAIL'}  ${name}: ${plain(detail)}`),
    verified ? `The ledger is right from block ${fromHeight} to block ${height}.` : 'The ledger is NOT verified.'
  ].join('\n')
}
