import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hex, ok, textOf, type Result } from '../../base/index.ts'
import { LEDGER_PROOF_BYTES_MAX, verifyLedgerProof, type LedgerProofReport } from '../../node/index.ts'
import { textOfRecord } from '../../sdk/index.ts'
import { argument, only, sizeOf, wholeNumber, withNode, withheld, writeWhole } from '../client/index.ts'
import { configOf } from '../config/index.ts'
import { folderOf } from '../keys/index.ts'
import { answer, EXIT, formatBytes, formatTime, pairs, plain, problem, type Call, type Command, type Outcome, type Problem } from '../terminal/index.ts'

const CHARTER_BYTES_MAX = 65_536
const BODY_CHARACTERS_MAX = 1_000

export const proofCommands: readonly Command[] = [
  {
    name: 'proof export',
    summary: 'Write the proof that a record is final in the ledger, for anybody who has the charter',
    arguments: [{ name: 'DATASET', help: 'its name as hanse ls shows it' }],
    options: [
      { name: 'record', value: 'N', help: 'the number of the record in the dataset, from 0' },
      { name: 'out', short: 'o', value: 'FILE', help: 'where to write the proof' },
      { name: 'force', help: 'replace the file if there is one' }
    ],
    examples: ['hanse proof export Bellevue/i90-counter --record 12 --out record-12.proof'],
    run: async call => {
      const output = call.text('out')
      if (output === undefined) return problem(EXIT.usage, 'usage', 'A proof needs a file to go to', 'Add --out FILE.')
      if (call.text('record') === undefined) return problem(EXIT.usage, 'usage', 'A proof is of one record', 'Add --record N.')
      const record = wholeNumber(call, 'record', 0, { min: 0, max: Number.MAX_SAFE_INTEGER })
      if (!record.ok) return record
      return await withNode(call, async client => {
        const proof = await client.ledgerProof(argument(call), record.value)
        if (!proof.ok) return withheld(proof.failure)
        const target = resolve(output)
        const written = await writeWhole(target, only(proof.value), {
          sizeBytes: proof.value.length, sha256: null, replace: call.flag('force'), signal: call.signal, onProgress: () => undefined
        })
        if (!written.ok) return written
        return answer(
          { file: target, ...written.value, dataset: argument(call), record: record.value },
          `Wrote ${target} (${formatBytes(proof.value.length)}). Check it anywhere with: hanse proof verify FILE --charter FILE. The charter is the file charter.cbor of any member.`
        )
      })
    }
  },
  {
    name: 'proof verify',
    summary: 'Check without a node that a record is final in the ledger of the federation with this charter',
    arguments: [{ name: 'FILE', help: 'a proof that hanse proof export wrote' }],
    options: [{ name: 'charter', value: 'FILE', help: 'the charter of the federation you trust (default: that of the node in the folder)' }],
    examples: ['hanse proof verify record-12.proof --charter charter.cbor'],
    run: async call => {
      const charter = await charterOf(call)
      if (!charter.ok) return charter
      const proof = await readSmall(argument(call), LEDGER_PROOF_BYTES_MAX)
      return proof.ok ? proofOutcome(charter.value, proof.value) : proof
    }
  }
]

/** The charter decides what is believed, so it comes from whoever verifies and never with the proof. */
async function charterOf (call: Call): Promise<Result<Uint8Array, Problem>> {
  const given = call.text('charter')
  if (given !== undefined) return await readSmall(given, CHARTER_BYTES_MAX)
  const settings = configOf(call)
  if (!settings.ok) return settings
  const own = await readSmall(folderOf(settings.value.folder).charter, CHARTER_BYTES_MAX)
  return own.ok ? own : problem(EXIT.usage, 'usage', 'A proof is checked against a charter, and there is none here', 'Add --charter FILE: the file charter.cbor of any member.')
}

async function readSmall (path: string, bytesMax: number): Promise<Result<Uint8Array, Problem>> {
  const sizeBytes = await sizeOf(path)
  if (!sizeBytes.ok) return sizeBytes
  return sizeBytes.value > bytesMax
    ? problem(EXIT.unverified, 'malformed', `${path} is larger than what it should be can be (${formatBytes(sizeBytes.value)})`, 'Name another file.')
    : ok(new Uint8Array(await readFile(path)))
}

function proofOutcome (charter: Uint8Array, proof: Uint8Array): Outcome {
  const verified = verifyLedgerProof(charter, proof)
  if (!verified.ok) {
    const { code, reason, hint } = verified.failure
    return problem(EXIT.unverified, code, `Nothing is proved: ${reason}`, `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`)
  }
  const { record, ...report } = verified.value
  return answer({ proof: { ...report, record: textOfRecord(record) } }, proofText(verified.value))
}

function proofText ({ record, publisher, datasetId, federation, federationName, height, epoch, timeMs }: LedgerProofReport): string {
  const body = textOf(record.body) ?? hex(record.body)
  return pairs([
    ['record', `${record.number} of the feed of ${datasetId}`],
    ['publisher', publisher.name === null ? publisher.did : `${publisher.name} (${publisher.did})`],
    ['federation', `${federationName} (${federation})`],
    ['final', `existed before block ${height} of epoch ${epoch}, finalised at ${formatTime(timeMs)}`],
    ['time', formatTime(record.timeMs)],
    ['key', plain(textOf(record.key) ?? hex(record.key))],
    ['body', record.operation === 'delete' ? '(deleted)' : plain(body.slice(0, BODY_CHARACTERS_MAX).trimEnd())],
    ['verified', 'from the record to the signatures of the validators that follow from the charter']
  ])
}
