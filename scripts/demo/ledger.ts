import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hanse, isRefused, type City } from './city.ts'

const WITHIN_S = 40
const RECORD = 12
/** So often a member anchors its data where nothing else is decided: too seldom to watch. */
const ANCHOR_EVERY_MS = 1_000

export type Say = (text: string) => void
export type WaitFor = (holds: () => Promise<boolean>, what: string) => Promise<void>

export type Ledger = {
  readonly members: readonly { readonly name: string, readonly seat: string }[]
  readonly height: number
  readonly anchored: readonly { readonly dataset: string, readonly detail: string }[]
  readonly proof: { readonly dataset: string, readonly record: number, readonly sizeBytes: number, readonly verifiedOffline: boolean, readonly changedByteRefused: boolean }
  readonly isGood: boolean
}

/** A decision of the members: one proposes, the others vote, each by a command as a person would. */
export async function decideTogether (cities: readonly City[], say: Say, waitFor: WaitFor): Promise<void> {
  const [first, ...others] = cities
  if (first === undefined) throw new Error('somebody must propose')
  await waitFor(async () => (await Promise.all(cities.map(({ client }) => client.ledgerMembers())))
    .every(members => members.ok && cities.every(({ name }) => members.value.some(each => each.name === name && each.seat === 'validator' && each.nodes.length > 0))), 'every city has said on the ledger who it is')
  const known = await first.client.proposals()
  if (known.ok && known.value.some(({ kind, state }) => kind === 'params' && state === 'passed')) {
    say('  they decided before how often to anchor data')
    return
  }
  const { proposal } = await hanse('propose', 'params', `anchorEveryMs=${ANCHOR_EVERY_MS}`, '--timeout', String(WITHIN_S), '--data', first.folder)
  if (typeof proposal !== 'string') throw new Error('the proposal has no id')
  say(`They decide by vote to anchor data every second: ${first.name} proposes ${proposal.slice(0, 12)}`)
  for (const city of others) {
    await waitFor(async () => {
      const heard = await city.client.proposals()
      return heard.ok && heard.value.some(({ id }) => id === proposal)
    }, `${city.name} hears of the proposal`)
    await hanse('vote', proposal, 'yes', '--timeout', String(WITHIN_S), '--data', city.folder)
    say(`  ${city.name} votes yes`)
  }
  await waitFor(async () => {
    const [proposals, ledger] = await Promise.all([first.client.proposals(), first.client.ledger()])
    return proposals.ok && ledger.ok && proposals.value.find(({ id }) => id === proposal)?.state === 'passed' && ledger.value.epoch > 0
  }, 'the decision takes effect')
  say('  passed: it holds from the seal that ended the epoch')
}

/** What the ledger knows, as one city sees it, and a proof that somebody without a node checks. */
export async function showLedger (cities: readonly City[], references: readonly string[], folder: string, say: Say, waitFor: WaitFor): Promise<Ledger> {
  const asker = cities.at(-1)
  const witness = cities[1]
  if (asker === undefined || witness === undefined) throw new Error('two cities are needed')
  for (const reference of references) {
    await waitFor(async () => {
      const dataset = await asker.client.dataset(reference)
      return dataset.ok && dataset.value.held.state === 'final'
    }, `the ledger anchors ${reference}`)
  }
  const [ledger, members] = await Promise.all([asker.client.ledger(), asker.client.ledgerMembers()])
  if (!ledger.ok || !members.ok) throw new Error(`${asker.name} has no ledger`)
  const { height, epoch, validators, toleratedFaults } = ledger.value
  say(`The ledger that they keep together stands at block ${height} in epoch ${epoch}:`)
  for (const { name, seat } of members.value) say(`  ${name.padEnd(9)} ${seat}`)
  say(`  ${validators} validators tolerate ${toleratedFaults} failures${toleratedFaults === 0 ? ': with three, all must agree; four would tolerate one' : ''}`)
  const anchored = await Promise.all(references.map(async reference => {
    const report = await asker.client.verify(reference)
    const check = report.ok ? report.value.checks.find(({ name }) => name === 'anchored') : undefined
    if (check?.ok !== true) throw new Error(`${reference} is not as it was anchored`)
    say(`  ${reference} ${check.detail}`)
    return { dataset: reference, detail: check.detail }
  }))
  const proof = await proveOffline(asker, witness, references[0] ?? '', folder)
  say(`${asker.name} hands out a proof of record ${RECORD} of ${proof.dataset} (${proof.sizeBytes} bytes). Whoever has the charter, and no node, ${proof.verifiedOffline ? 'finds it final' : 'does NOT find it final'}${proof.changedByteRefused ? ', and refuses it with one bit changed' : ', but takes it CHANGED'}`)
  return {
    members: members.value.map(({ name, seat }) => ({ name, seat })), height, anchored, proof, isGood: proof.verifiedOffline && proof.changedByteRefused && height > 0
  }
}

/** The proof comes from a city that did not publish the record, the charter from a third one, and the verifier has no folder. */
async function proveOffline (asker: City, witness: City, dataset: string, folder: string): Promise<Ledger['proof']> {
  const file = join(folder, 'record.proof')
  const nobody = ['--charter', join(witness.folder, 'charter.cbor'), '--data', join(folder, 'nobody')]
  const { sizeBytes } = await hanse('proof', 'export', dataset, '--record', String(RECORD), '--out', file, '--force', '--data', asker.folder)
  const { proof } = await hanse('proof', 'verify', file, ...nobody)
  const bytes = await readFile(file)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  await writeFile(`${file}.changed`, bytes)
  return {
    dataset, record: RECORD, sizeBytes: Number(sizeBytes), verifiedOffline: typeof proof === 'object' && proof !== null && 'height' in proof,
    changedByteRefused: await isRefused('proof', 'verify', `${file}.changed`, ...nobody)
  }
}
