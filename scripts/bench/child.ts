/** One role of one scenario, in a process of its own: `child.ts <scenario id> <role> <folder> <scale>`, over an IPC channel. */
import process from 'node:process'
import { idOf, type Stage } from './contestant.ts'
import { CONTESTANTS } from './contestants.ts'
import type { FromChild, ToChild } from './scenarioRun.ts'

const MICROSECONDS_PER_SECOND = 1_000_000

const [id, roleName, folder, scale] = process.argv.slice(2)
const role = CONTESTANTS
  .flatMap(contestant => contestant.scenarios.map(scenario => ({ id: idOf(contestant, scenario), roles: scenario.roles })))
  .find(scenario => scenario.id === id)?.roles[roleName ?? '']

const heard = new Map<string, unknown[]>()
const listening = new Map<string, (value: unknown) => void>()
let cpuSeconds = 0

process.on('message', ({ topic, value }: ToChild) => {
  const listener = listening.get(topic)
  listening.delete(topic)
  if (listener !== undefined) listener(value)
  else heard.set(topic, [...heard.get(topic) ?? [], value])
})

const stage: Stage = {
  folder: folder ?? '',
  scaled: count => Math.max(1, Math.round(count * Number(scale))),
  tell: (topic, value) => send({ type: 'tell', topic, value }),
  hear: topic => new Promise(resolve => {
    const [first, ...rest] = heard.get(topic) ?? []
    if (!heard.has(topic)) {
      listening.set(topic, resolve as (value: unknown) => void)
      return
    }
    if (rest.length === 0) heard.delete(topic)
    else heard.set(topic, rest)
    resolve(first as never)
  }),
  measure: async work => {
    const cpuBefore = process.cpuUsage()
    const startedNs = process.hrtime.bigint()
    await work()
    const seconds = Number(process.hrtime.bigint() - startedNs) / 1e9
    const { user, system } = process.cpuUsage(cpuBefore)
    cpuSeconds += (user + system) / MICROSECONDS_PER_SECOND
    return seconds
  }
}

try {
  if (role === undefined) throw new Error(`no role ${roleName} in ${id}`)
  const measures = await role(stage)
  send({ type: 'done', measures, cpuSeconds })
} catch (error) {
  send({ type: 'failed', reason: error instanceof Error ? error.stack ?? error.message : String(error) })
}

function send (message: FromChild): void {
  process.send?.(message)
}
