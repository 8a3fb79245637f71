import type { ConnectorView, DeadLetter } from '../../sdk/index.ts'
import { failed, wholeNumber, withNode } from '../client/index.ts'
import { answer, count, formatTime, plain, table, type Command } from '../terminal/index.ts'

const LETTERS = 20
const LETTERS_MAX = 1_000
const SHOWN_LENGTH = 200

export const connectorListCommand: Command = {
  name: 'connector list',
  summary: 'Show what brings data in, and how it does',
  arguments: [],
  options: [],
  examples: ['hanse connector list', 'hanse connector list --json'],
  run: async call => await withNode(call, async client => {
    const connectors = await client.connectors()
    if (!connectors.ok) return failed(connectors.failure)
    if (connectors.value.length === 0) return answer({ connectors: [] }, 'There is none. hanse connector add makes one, and so does a table [[connector]] in hanse.toml.')
    const rows = connectors.value.map(({ name, kind, datasetId, status: { state, counters, lastRecordMs } }) => [
      name, kind, datasetId, state, String(counters.stored), String(counters.duplicates), String(counters.rejected), String(counters.gaps), lastRecordMs === null ? 'never' : formatTime(lastRecordMs)
    ])
    return answer({ connectors: connectors.value }, table([
      { heading: 'NAME' }, { heading: 'KIND' }, { heading: 'DATASET' }, { heading: 'STATE' }, { heading: 'STORED' }, { heading: 'AGAIN' }, { heading: 'REJECTED' }, { heading: 'GAPS' }, { heading: 'LAST RECORD' }
    ], rows))
  })
}

export const connectorShowCommand: Command = {
  name: 'connector show',
  summary: 'Show one connector: its counters, its last error, its settings',
  arguments: [{ name: 'NAME', help: 'its name' }],
  options: [],
  examples: ['hanse connector show bins'],
  run: async call => await withNode(call, async client => {
    const found = await client.connector(call.arguments[0] ?? '')
    return found.ok ? answer(found.value, sentencesOf(found.value)) : failed(found.failure)
  })
}

export const connectorRemoveCommand: Command = {
  name: 'connector remove',
  summary: 'End a connector and take it from hanse.toml; its dataset stays',
  arguments: [{ name: 'NAME', help: 'its name' }],
  options: [],
  examples: ['hanse connector remove bins'],
  run: async call => await withNode(call, async client => {
    const [name = ''] = call.arguments
    const removed = await client.removeConnector(name)
    return removed.ok ? answer({ removed: name }, `${plain(name)} brings nothing in any more. What it stored stays.`) : failed(removed.failure)
  })
}

export const connectorRestartCommand: Command = {
  name: 'connector restart',
  summary: 'End a connector and begin it again',
  arguments: [{ name: 'NAME', help: 'its name' }],
  options: [],
  examples: ['hanse connector restart bins'],
  run: async call => await withNode(call, async client => {
    const begun = await client.restartConnector(call.arguments[0] ?? '')
    return begun.ok ? answer(begun.value, `${begun.value.name} was begun again: it is ${begun.value.status.state}.`) : failed(begun.failure)
  })
}

export const connectorLettersCommand: Command = {
  name: 'connector letters',
  summary: 'Show input that a connector could not take, newest first',
  arguments: [{ name: 'NAME', help: 'its name' }],
  options: [{ name: 'limit', value: 'N', help: `how many at most (default ${LETTERS})` }],
  examples: ['hanse connector letters bins', 'hanse connector letters bins --limit 100 --json'],
  run: async call => {
    const limit = wholeNumber(call, 'limit', LETTERS, { min: 1, max: LETTERS_MAX })
    if (!limit.ok) return limit
    return await withNode(call, async client => {
      const letters = await client.deadLetters(call.arguments[0] ?? '', limit.value)
      if (!letters.ok) return failed(letters.failure)
      if (letters.value.length === 0) return answer({ letters: [] }, 'There is none: it could take everything.')
      return answer({ letters: letters.value }, letters.value.map(letterText).join('\n\n'))
    })
  }
}

function sentencesOf ({ name, kind, datasetId, status: { state, sinceMs, counters, lastRecordMs, lastError, notes } }: ConnectorView): string {
  const { received, stored, duplicates, rejected, gaps } = counters
  return [
    `${name} (${kind}) fills ${datasetId}: ${state} since ${formatTime(sinceMs)}.`,
    `  came       ${received}`,
    `  stored     ${stored}, the last ${lastRecordMs === null ? 'never' : formatTime(lastRecordMs)}`,
    `  again      ${duplicates}`,
    `  rejected   ${rejected}${rejected === 0 ? '' : `   (hanse connector letters ${name})`}`,
    `  gaps       ${gaps}`,
    ...lastError === null ? [] : [`  last error ${formatTime(lastError.atMs)}: ${plain(lastError.sentence)}`],
    ...notes.map(note => `  note       ${plain(note)}`)
  ].join('\n')
}

function letterText ({ timeMs, reason, origin, sizeBytes, body }: DeadLetter): string {
  const text = plain(Buffer.from(body, 'base64').toString('utf8').slice(0, SHOWN_LENGTH))
  return `${formatTime(timeMs)}  ${plain(origin)}\n  ${plain(reason)}\n  ${count(sizeBytes, 'byte')}: ${text}`
}
