/**
 * Explores the orders in which four validators, one of them a twin, can come to their messages:
 * `node scripts/explore.ts --views 3 --minutes 20`. Says whether all was explored or which bound was reached; a violation comes
 * with the list of deliveries that leads to it, which is the same on every run with the same options.
 * `--twin-leads V`: the view that the twin leads first. `--relays`: certificates and blocks are passed on, too.
 */
import { parseArgs } from 'node:util'
import { explore } from '../src/sim/exploring/index.ts'

const { values } = parseArgs({
  options: {
    views: { type: 'string', default: '3' }, 'twin-leads': { type: 'string', default: '1' }, relays: { type: 'boolean', default: false },
    states: { type: 'string', default: '50000000' }, minutes: { type: 'string', default: '20' }, gigabytes: { type: 'string', default: '8' }
  }
})

const startedMs = Date.now()
let toldMs = startedMs
const elapsedS = (): number => Math.round((Date.now() - startedMs) / 1_000)
const gigabytes = (): number => process.memoryUsage().rss / 2 ** 30

const explored = explore({
  nodes: 4, viewsMax: Number(values.views), twinLeads: Number(values['twin-leads']), hasRelays: values.relays, statesMax: Number(values.states),
  stop: ({ states, expanded, depth, locals }) => {
    if (Date.now() - toldMs > 30_000) {
      toldMs = Date.now()
      console.log(`${elapsedS()} s: ${states} states, ${states - expanded} to go on from, depth ${depth}, ${locals.moments.length} engine states, ${gigabytes().toFixed(1)} GiB`)
    }
    if (elapsedS() > Number(values.minutes) * 60) return `${values.minutes} minutes`
    return gigabytes() > Number(values.gigabytes) ? `${values.gigabytes} GiB of memory` : undefined
  }
})

const { states, transitions, depth, frontier, ended, engineStates, messages, steps, finalHeights, violations } = explored
console.log([
  `explored     4 validators, one a twin that leads view ${values['twin-leads']}, ${values.views} views, ${values.relays ? 'with' : 'without'} relays`,
  `states       ${states}`, `transitions  ${transitions}`, `depth        ${depth} turns`, `frontier     ${frontier}`,
  `engines      ${engineStates} states, ${messages} messages, ${steps} steps computed`, `final        heights ${finalHeights.join(', ')}`,
  `ended        ${ended === null ? 'exhausted' : `bound reached: ${ended}`} after ${elapsedS()} s, ${gigabytes().toFixed(1)} GiB`,
  `violations   ${violations.length}`, ...violations.flatMap(({ what, path }) => ['', what, ...path.map(line => `  ${line}`)])
].join('\n'))
process.exit(violations.length > 0 ? 1 : 0)
