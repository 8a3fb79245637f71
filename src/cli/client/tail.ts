import { hex, textOf } from '../../base/index.ts'
import { StreamBroken, textOfRecord, type NumberedRecord } from '../../sdk/index.ts'
import { answer, count, EXIT, formatTime, plain, problem, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { shortName } from './catalogue.ts'
import { argument, failed, knownDataset, purposeOf, wholeNumber, withNode, withheld } from './connection.ts'

const LAST = 10
const LAST_MAX = 10_000
const BODY_CHARACTERS_MAX = 1_000

export const tailCommand: Command = {
  name: 'tail',
  summary: 'Show the last records of a dataset and each new one as it arrives',
  arguments: [{ name: 'DATASET', help: 'its name as hanse ls shows it' }],
  options: [
    { name: 'last', value: 'N', help: `how many of the records that are there already (default ${LAST})` },
    { name: 'count', value: 'N', help: 'end after so many records' },
    { name: 'for', value: 'PURPOSE', help: 'what for, where more than one agreement holds, such as waste.collection' }
  ],
  examples: ['hanse tail Bellevue/live-traffic', 'hanse tail live-traffic --last 100 --ndjson'],
  streams: true,
  run: async call => {
    const last = wholeNumber(call, 'last', LAST, { min: 0, max: LAST_MAX })
    if (!last.ok) return last
    const wanted = wholeNumber(call, 'count', Number.MAX_SAFE_INTEGER, { min: 1, max: 1e15 })
    if (!wanted.ok) return wanted
    return await withNode(call, async client => {
      const dataset = await knownDataset(call, client, argument(call))
      if (!dataset.ok) return failed(dataset.failure)
      if (dataset.value.distribution.form === 'file') {
        return problem(EXIT.usage, 'file', `${shortName(dataset.value)} is a file, which has no records to show`, `Get it with hanse get '${shortName(dataset.value)}'.`)
      }
      call.terminal.note('Shows each new record as it arrives; Ctrl-C ends.')
      const ending = new AbortController()
      const signal = AbortSignal.any([call.signal, ending.signal])
      const purpose = purposeOf(call)
      const records = await client.follow(dataset.value.id, { last: last.value, signal, ...purpose === undefined ? {} : { purpose } })
      if (!records.ok) return withheld(records.failure)
      try {
        return await show(call, records.value, wanted.value)
      } finally {
        ending.abort()
      }
    })
  }
}

async function show (call: Call, records: AsyncIterable<NumberedRecord>, wanted: number): Promise<Outcome> {
  let shown = 0
  try {
    for await (const record of records) {
      await call.terminal.item({ record: textOfRecord(record) }, recordLine(record))
      if (++shown >= wanted) break
    }
  } catch (error) {
    if (!(error instanceof StreamBroken)) throw error
    return error.code === 'refused'
      ? problem(EXIT.refusedByTerms, 'refused', `The terms ended it: ${error.message}`, 'Ask why with hanse terms explain DATASET.')
      : problem(EXIT.unreachable, error.code, error.message, 'See whether the node still runs with hanse status.')
  }
  if (call.terminal.json === 'no' && shown < wanted) call.terminal.note(`Ended after ${count(shown, 'record')}.`)
  return answer({ end: { records: shown } }, '')
}

/** One record, one line, whatever its body holds. */
function recordLine ({ number, timeMs, operation, key, body }: NumberedRecord): string {
  const shownKey = textOf(key) ?? hex(key)
  const text = textOf(body) ?? hex(body)
  const cut = text.length > BODY_CHARACTERS_MAX ? `${text.slice(0, BODY_CHARACTERS_MAX)} ...` : text
  return `${number}  ${formatTime(timeMs)}  ${plain(shownKey)}  ${operation === 'delete' ? '(deleted)' : plain(cut.trimEnd())}`
}
