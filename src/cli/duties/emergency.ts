import { ok, type Result } from '../../base/index.ts'
import { EMERGENCY_KINDS, type EmergencyRequest, type EmergencyView } from '../../sdk/index.ts'
import { argument, failed, wholeNumber, withNode } from '../client/index.ts'
import { announceEffect, answer, EXIT, formatTime, plain, problem, table, type Call, type Command, type Problem } from '../terminal/index.ts'

const HOURS = 12
const HOURS_MAX = 72
const HOUR_MS = 3_600_000
const INCIDENT = { name: 'INCIDENT', help: 'its id, such as flood-2026-11' } as const

const declareCommand: Command = {
  name: 'emergency declare',
  summary: 'Declare an emergency: terms that name this member as an official then allow what they provide for it',
  arguments: [INCIDENT],
  options: [
    { name: 'kind', value: 'KIND', repeated: true, help: EMERGENCY_KINDS.join(', ') },
    { name: 'box', value: 'W,S,E,N', help: 'where, in degrees' },
    { name: 'cell', value: 'H3', repeated: true, help: 'where, by H3 cells of resolution 5 to 9' },
    { name: 'hours', value: 'N', help: `for how long, at most ${HOURS_MAX} (default ${HOURS})` },
    { name: 'supersedes', value: 'ID', help: 'the declaration that this one continues' },
    { name: 'yes', help: 'do not wait for Enter' }
  ],
  examples: ['hanse emergency declare flood-2026-11 --kind flood --box -122.4,47.5,-122.0,47.8 --hours 24'],
  run: async call => {
    const request = requestOf(call)
    if (!request.ok) return request
    const announced = await announceEffect(call, [
      `Declares "${argument(call)}" in the name of this member to the whole federation. Every use under it is logged and looked at afterwards.`
    ])
    if (!announced.ok) return announced
    return await withNode(call, async client => {
      const declared = await client.declareEmergency(request.value)
      if (!declared.ok) return failed(declared.failure)
      return answer({ emergency: declared.value }, `Declared until ${formatTime(declared.value.expiresAtMs)}. End it sooner with: hanse emergency end ${argument(call)}`)
    })
  }
}

const endCommand: Command = {
  name: 'emergency end',
  summary: 'End an emergency that this member declared',
  arguments: [INCIDENT],
  options: [],
  examples: ['hanse emergency end flood-2026-11'],
  run: async call => await withNode(call, async client => {
    const ended = await client.endEmergency(argument(call))
    return ended.ok ? answer({ ended: argument(call) }, 'Ended. What it opened is closed again.') : failed(ended.failure)
  })
}

const openCommand: Command = {
  name: 'emergency open',
  summary: 'Break the glass: confirm that a dataset is needed for an incident; its publisher is told',
  arguments: [INCIDENT, { name: 'DATASET', help: 'a dataset as hanse ls shows it' }],
  options: [{ name: 'yes', help: 'do not wait for Enter' }],
  examples: ['hanse emergency open flood-2026-11 Bellevue/shelters'],
  run: async call => {
    const [incident = '', dataset = ''] = call.arguments
    const announced = await announceEffect(call, [`Opens ${plain(dataset)} for "${plain(incident)}". Its publisher is told now, and every use is looked at afterwards.`])
    if (!announced.ok) return announced
    return await withNode(call, async client => {
      const opened = await client.confirmEmergency(incident, dataset)
      return opened.ok ? answer({ opened: dataset, incident }, 'Open until the emergency is over. Read it with hanse get or hanse tail.') : failed(opened.failure)
    })
  }
}

const reviewCommand: Command = {
  name: 'emergency review',
  summary: 'Say that what was used under an emergency has been looked at',
  arguments: [INCIDENT],
  options: [],
  examples: ['hanse emergency review flood-2026-11'],
  run: async call => await withNode(call, async client => {
    const reviewed = await client.reviewEmergency(argument(call))
    return reviewed.ok ? answer({ reviewed: argument(call) }, 'Noted as looked at.') : failed(reviewed.failure)
  })
}

const listCommand: Command = {
  name: 'emergency list',
  summary: 'Show emergencies that members declared, and what was used under them',
  arguments: [],
  options: [],
  examples: ['hanse emergency list', 'hanse emergency list --json'],
  run: async call => await withNode(call, async client => {
    const emergencies = await client.emergencies()
    if (!emergencies.ok) return failed(emergencies.failure)
    if (emergencies.value.length === 0) return answer({ emergencies: [] }, 'No emergency was declared.')
    const rows = emergencies.value.map(each => [
      each.incident, plain(each.declarer.name), each.kinds.join(' '), formatTime(each.declaredAtMs), standing(each), reviewText(each)
    ])
    return answer({ emergencies: emergencies.value }, table([
      { heading: 'INCIDENT' }, { heading: 'BY' }, { heading: 'KINDS' }, { heading: 'DECLARED' }, { heading: 'STATE' }, { heading: 'USED' }
    ], rows))
  })
}

export const emergencyCommands: readonly Command[] = [declareCommand, endCommand, openCommand, reviewCommand, listCommand]

function standing ({ isActive, endedMs, expiresAtMs }: EmergencyView): string {
  return isActive ? `until ${formatTime(expiresAtMs)}` : `over since ${formatTime(endedMs ?? expiresAtMs)}`
}

function reviewText ({ review }: EmergencyView): string {
  if (review === null) return '-'
  const uses = review.uses.map(({ member, dataset, records }) => `${plain(member.name)} ${dataset.split('/').at(-1) ?? ''} (${records} records)`).join(', ')
  return `${uses}; ${review.reviewedMs === null ? `look at it until ${formatTime(review.dueMs)}` : 'looked at'}`
}

function requestOf (call: Call): Result<EmergencyRequest, Problem> {
  const hours = wholeNumber(call, 'hours', HOURS, { min: 1, max: HOURS_MAX })
  if (!hours.ok) return hours
  const kinds = call.texts('kind')
  const strange = kinds.find(kind => !EMERGENCY_KINDS.some(each => each === kind))
  if (kinds.length === 0 || strange !== undefined) {
    return problem(EXIT.usage, 'usage', strange === undefined ? 'An emergency is of some kind' : `There is no kind "${plain(strange)}"`, `Add --kind, one of ${EMERGENCY_KINDS.join(', ')}.`)
  }
  const area = areaOf(call)
  if (!area.ok) return area
  const supersedes = call.text('supersedes')
  return ok({ incident: argument(call), kinds, area: area.value, lifetimeMs: hours.value * HOUR_MS, ...supersedes === undefined ? {} : { supersedes } })
}

function areaOf (call: Call): Result<EmergencyRequest['area'], Problem> {
  const [cells, box] = [call.texts('cell'), call.text('box')]
  if (cells.length > 0 && box === undefined) return ok(cells)
  const [west, south, east, north, ...more] = (box ?? '').split(',').map(part => part.trim() === '' ? Number.NaN : Number(part))
  const isGood = west !== undefined && south !== undefined && east !== undefined && north !== undefined && more.length === 0 && [west, south, east, north].every(Number.isFinite)
  return isGood && cells.length === 0
    ? ok({ west, south, east, north })
    : problem(EXIT.usage, 'usage', 'An emergency has a place', 'Add --box W,S,E,N in degrees, or --cell for each H3 cell; not both.')
}
