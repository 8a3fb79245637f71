import { PURPOSE_NS } from '../../src/sdk/index.ts'
import type { City } from './city.ts'
import type { Say, WaitFor } from './ledger.ts'
import { publishInvented, purposes, sure } from './sharing.ts'

const COLLECTION = 'waste.collection'
const PLANNING = 'planning.infrastructure'
const RESPONSE = 'emergency.response'
const INCIDENT = 'flood-duwamish'
const DUWAMISH = { west: -122.4, south: 47.45, east: -122.2, north: 47.65 }
const WITHIN_MS = 20_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS

type Settled = { readonly name: string, readonly place: string }
export const CITIES: readonly Settled[] = [{ name: 'Seattle', place: '47.61,-122.33' }, { name: 'New York', place: '40.71,-74.01' }, { name: 'Chicago', place: '41.88,-87.63' }]
/** Waits for the members to admit it. */
export const APPLICANT: Settled = { name: 'Tacoma', place: '47.25,-122.44' }

export type Cast = { readonly seattle: City, readonly newYork: City, readonly chicago: City, readonly applicant: City }

/**
 * What people find in the consoles: something of each kind that waits for them, and something of each kind that is done. All of it is
 * invented and says so. What an earlier run with the same folder has done is not done again.
 */
export async function fillConsoles (cast: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  say('For the consoles, all of it SIMULATED:')
  await Promise.all([
    shareTrucks(cast, say, waitFor),
    askForLater(cast, say, waitFor),
    breakGlass(cast, say, waitFor),
    proposeRules(cast, say, waitFor),
    applyToJoin(cast, say, waitFor)
  ])
  await anchorSeldom(cast, say, waitFor)
}

/** Every second was for the demonstration. From here on the ledger is quiet, so that people find in it what was decided. */
async function anchorSeldom ({ seattle, newYork, chicago }: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  const paramsOf = async ({ client }: City) => sure(await client.proposals(), 'there are no proposals').filter(({ kind }) => kind === 'params')
  const before = (await paramsOf(seattle)).length
  if (before > 1) return
  await waitFor(async () => sure(await seattle.client.datasets({ limit: 100 }), 'there is no catalogue').datasets.every(({ distribution, access, held }) => distribution.form === 'stream' || access !== 'restricted' || held.state === 'final'), 'the ledger anchors what was shared')
  sure(await seattle.client.propose({ kind: 'params', params: { anchorEveryMs: 60_000 } }, WITHIN_MS), `${seattle.name} could not propose`)
  for (const city of [newYork, chicago]) {
    await waitFor(async () => (await paramsOf(city)).length > before, `${city.name} hears of the proposal`)
    const open = (await paramsOf(city)).find(({ state }) => state === 'open')
    if (open !== undefined) sure(await city.client.vote(open.id, true, WITHIN_MS), `${city.name} could not vote`)
  }
  say('  They decide to anchor data once a minute from now on')
}

const trucks = [
  { name: 'time', type: 'time', unit: null }, { name: 'truck', type: 'text', unit: null }, { name: 'latitude', type: 'latitude', unit: 'degrees' },
  { name: 'longitude', type: 'longitude', unit: 'degrees' }, { name: 'loadKg', type: 'integer', unit: 'kg' }
] as const

/** Shared with one city, which has an agreement, has read it, and asks for the one that was ended once more. */
async function shareTrucks ({ seattle, newYork }: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  const dataset = `${seattle.name}/collection-rounds`
  await publishInvented(seattle, {
    datasetId: 'collection-rounds', title: 'Rounds of waste collection (simulated)', description: 'Where trucks were and what they carried, every ten minutes. Invented: no real trucks.',
    theme: 'waste', spatial: DUWAMISH, schema: trucks, lines: roundsOfTrucks(),
    terms: { template: 'neighbours', clauses: { audience: { type: 'named', members: [newYork.name] }, purposes: purposes(COLLECTION) } }
  })
  await isKnown(newYork, dataset, waitFor)
  const agreements = sure(await newYork.client.agreements(), 'there are no agreements')
  const { id } = sure(await newYork.client.dataset(dataset), `${dataset} is gone`)
  if (!agreements.some(each => each.dataset === id && each.revokedAtMs === null)) {
    sure(await newYork.client.requestAgreement(dataset, PURPOSE_NS + COLLECTION, WITHIN_MS), `${newYork.name} could not ask for ${dataset}`)
  }
  await waitFor(async () => (await newYork.client.fetch(dataset, { timeoutMs: WITHIN_MS })).ok, `${newYork.name} has ${dataset}`)
  await askOnce(newYork, `${seattle.name}/bins`, COLLECTION)
  say(`  ${seattle.name} shares rounds of waste collection with ${newYork.name}, which reads them, and asks for the bins once more`)
}

/** Three trucks on rounds of a working day. */
function roundsOfTrucks (): readonly string[] {
  return ['truck-1', 'truck-2', 'truck-3'].flatMap((truck, at) => Array.from({ length: 48 }, (_, step) => {
    const angle = step / 6 + at * 2
    const [latitude, longitude] = [47.56 + at * 0.03 + 0.012 * Math.sin(angle), -122.33 + 0.03 * Math.cos(angle)]
    const time = new Date(Date.UTC(2026, 10, 23, 6) + step * 600_000).toISOString()
    return `${time},${truck},${latitude.toFixed(5)},${longitude.toFixed(5)},${(step % 16) * (520 + at * 60)}`
  }))
}

/** Rights that begin next year are given by people alone: one city has not answered yet, the other offers less. */
async function askForLater ({ seattle, newYork, chicago }: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  const fromMs = Date.UTC(new Date().getUTCFullYear() + 1, 0, 1)
  const later = { audience: { type: 'named', members: [seattle.name] }, purposes: purposes(PLANNING), fromMs, untilMs: fromMs + 365 * DAY_MS - 1_000 }
  const schema = [{ name: 'street', type: 'text', unit: null }, { name: 'begins', type: 'time', unit: null }, { name: 'days', type: 'integer', unit: 'd' }] as const
  const year = new Date(fromMs).getUTCFullYear()
  await Promise.all([
    publishInvented(newYork, {
      datasetId: 'planned-works', title: `Works on water mains, planned for ${year} (simulated)`, description: 'Invented: no real works.', theme: 'transport', spatial: null, schema,
      lines: ['Hudson Street', 'Canal Street', 'Bleecker Street'].map((street, at) => `${street},${year}-0${at + 2}-01T00:00:00Z,${20 + at * 5}`),
      terms: { template: 'neighbours', clauses: later }
    }),
    publishInvented(chicago, {
      datasetId: 'snow-routes', title: 'Snow routes of next winter (simulated)', description: 'Invented: no real routes.', theme: 'transport', spatial: null, schema,
      lines: ['Lake Shore Drive', 'Western Avenue', 'Ashland Avenue'].map((street, at) => `${street},${year}-12-0${at + 1}T00:00:00Z,${90 + at}`),
      terms: { template: 'neighbours', clauses: later }
    })
  ])
  for (const dataset of [`${newYork.name}/planned-works`, `${chicago.name}/snow-routes`]) {
    await isKnown(seattle, dataset, waitFor)
    await askOnce(seattle, dataset, PLANNING)
  }
  await offerLess(chicago, 'snow-routes', fromMs + 90 * DAY_MS, waitFor)
  say(`  ${seattle.name} asks ${newYork.name} for works planned for ${year}, and ${chicago.name} for snow routes: ${chicago.name} offers them for three months`)
}

async function offerLess (publisher: City, datasetId: string, untilMs: number, waitFor: WaitFor): Promise<void> {
  const negotiations = async () => sure(await publisher.client.negotiations(), 'there are no requests').filter(({ dataset }) => dataset.endsWith(`/${datasetId}`))
  await waitFor(async () => (await negotiations()).some(({ isAsked, states }) => isAsked || states.includes('OFFERED')), `${publisher.name} is asked for ${datasetId}`)
  const asked = (await negotiations()).find(({ isAsked }) => isAsked)
  if (asked?.terms === undefined || asked.terms === null) return
  const { terms, ...file } = asked.terms
  const less = { ...file, terms: { ...typeof terms === 'object' ? terms : {}, untilMs } }
  sure(await publisher.client.answerNegotiation(asked.id, { do: 'limit', terms: less }), `${publisher.name} could not offer less`)
}

/** An official declares, a responder opens what the terms provide for, and both sides are to look at it afterwards. */
async function breakGlass ({ seattle, newYork, chicago }: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  const dataset = `${seattle.name}/shelters`
  const [official, responder] = [chicago, newYork]
  const didOf = async ({ client }: City): Promise<string> => sure(await client.status(), 'a city is gone').member.did
  const known = sure(await seattle.client.emergencies(), 'there are no emergencies')
  if (known.some(({ incident }) => incident === INCIDENT)) return
  await publishInvented(seattle, {
    datasetId: 'shelters', title: 'Emergency shelters and who can stay there (simulated)', description: 'Invented: no real shelters.', theme: 'safety', spatial: DUWAMISH,
    schema: [{ name: 'shelter', type: 'text', unit: null }, { name: 'beds', type: 'integer', unit: null }, { name: 'latitude', type: 'latitude', unit: 'degrees' }, { name: 'longitude', type: 'longitude', unit: 'degrees' }],
    lines: ['School at the river,120,47.541,-122.32', 'Sports hall,300,47.553,-122.31', 'Community centre,80,47.56,-122.355'],
    terms: {
      // Without copies elsewhere each use comes to the publisher's own door, and is known there at once.
      template: 'emergency', replicas: 'nobody',
      clauses: {
        audience: { type: 'named', members: [official.name] }, purposes: purposes(PLANNING), reportEveryMs: null,
        emergency: { kinds: ['flood', 'fire'], officials: [await didOf(official)], responders: [await didOf(responder)] }
      }
    }
  })
  await isKnown(responder, dataset, waitFor)
  // The terms allow nothing of it before there is an emergency, so no rule agrees to it: a person does, beforehand.
  await askOnce(responder, dataset, RESPONSE)
  await waitFor(async () => {
    const asked = sure(await seattle.client.negotiations(), 'there are no requests').find(each => each.isAsked && each.dataset.endsWith('/shelters'))
    if (asked !== undefined) sure(await seattle.client.answerNegotiation(asked.id, { do: 'approve', changedMs: asked.changedMs }), `${seattle.name} could not agree`)
    return sure(await responder.client.agreements(), 'there are no agreements').some(each => each.dataset.endsWith('/shelters') && each.isCountersigned)
  }, `${responder.name} may open ${dataset} in an emergency`)
  sure(await official.client.declareEmergency({ incident: INCIDENT, kinds: ['flood'], area: DUWAMISH, lifetimeMs: 24 * HOUR_MS }), `${official.name} could not declare an emergency`)
  for (const { name, client } of [seattle, responder]) {
    await waitFor(async () => sure(await client.emergencies(), 'there are no emergencies').some(({ incident }) => incident === INCIDENT), `${name} hears of the emergency`)
  }
  sure(await responder.client.confirmEmergency(INCIDENT, dataset), `${responder.name} could not open ${dataset}`)
  await waitFor(async () => (await responder.client.content(dataset)).ok, `${responder.name} reads ${dataset}`)
  await waitFor(async () => sure(await seattle.client.emergencies(), 'there are no emergencies').some(({ review }) => review !== null), `${seattle.name} is told of it`)
  say(`  ${official.name} declares a flood, under which ${responder.name} reads ${seattle.name}'s shelters: ${seattle.name} is to look at that`)
}

/** With the vote of who proposes it, and as many more as leave it open. */
async function proposeRules ({ seattle, newYork, chicago }: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  const isOpen = async ({ client }: City) => sure(await client.proposals(), 'there are no proposals').find(({ kind, state }) => kind === 'charter' && state === 'open')
  if (await isOpen(seattle) !== undefined) return
  sure(await newYork.client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, WITHIN_MS), `${newYork.name} could not propose`)
  await waitFor(async () => (await Promise.all([seattle, chicago].map(isOpen))).every(found => found !== undefined), 'the others hear of the proposal')
  const proposal = await isOpen(chicago)
  if (proposal !== undefined && proposal.yes.length + 1 < proposal.needed) {
    sure(await chicago.client.vote(proposal.id, true, WITHIN_MS), `${chicago.name} could not vote`)
  }
  say(`  ${newYork.name} proposes that decisions need more votes than now; ${seattle.name} has not voted`)
}

/** One more city has a ticket, and waits for the members. */
async function applyToJoin ({ seattle, applicant }: Cast, say: Say, waitFor: WaitFor): Promise<void> {
  const { federation, founding } = sure(await applicant.client.status(), 'the applicant is gone')
  if (federation !== null) return
  if (founding === null) {
    const own = sure(await seattle.client.status(), 'a city is gone').federation
    const { ticket } = sure(await seattle.client.invite({ federationName: own?.name ?? seattle.name, want: 0, validMs: WEEK_MS }), `${seattle.name} could not make a ticket`)
    sure(await applicant.client.join(ticket), `${applicant.name} could not apply`)
  }
  await waitFor(async () => sure(await seattle.client.applications(), 'there are no applications').some(({ name }) => name === applicant.name), `${seattle.name} has the application`)
  const [application] = sure(await seattle.client.applications(), 'there are no applications')
  say(`  ${applicant.name} applies with a ticket of ${seattle.name}; both see the words: ${application?.words.join(' ') ?? ''}`)
}

async function isKnown ({ name, client }: City, dataset: string, waitFor: WaitFor): Promise<void> {
  await waitFor(async () => (await client.dataset(dataset)).ok, `${name} hears of ${dataset}`)
}

/** Asks for it unless a request for it is under way. */
async function askOnce ({ name, client }: City, dataset: string, purpose: string): Promise<void> {
  const { id } = sure(await client.dataset(dataset), `${name} does not know ${dataset}`)
  const open = sure(await client.negotiations(), 'there are no requests').some(each => each.role === 'consumer' && each.dataset === id && each.ended === null && each.agreementId === null)
  if (!open) sure(await client.requestAgreement(dataset, PURPOSE_NS + purpose, 0), `${name} could not ask for ${dataset}`)
}
