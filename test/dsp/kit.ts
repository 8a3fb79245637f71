/** The other side of the scenarios: says what the kit says, hears what a node says to it, over whatever binding brings it. */
import { strict as assert } from 'node:assert'
import type { JsonObject } from '../../src/core/agreement/index.ts'
import type { DspAnswer, DspRequest } from '../../src/node/contract/index.ts'
import { schemaNamed, schemaOf, SCHEMAS_ARE_PRESENT, type Complaint } from '../core/agreement.fixture.ts'
import { until } from '../support/nodes.ts'

/** A node under test, as the kit reaches it. */
export type UnderTest = {
  /** Where the kit is called back. */
  readonly kitAddress: string
  ask (verb: 'GET' | 'POST', path: string, body: JsonObject | null): Promise<{ readonly status: number, readonly body: unknown }>
  /** Makes the node begin a process as consumer. */
  negotiate (datasetId: string): Promise<unknown>
  transfer (agreementId: string): Promise<unknown>
}

const CONTEXT = ['https://w3id.org/dspace/2025/1/context.jsonld']
/** The kit sends constraints that are empty, ids that are no IRIs and more members than it needs to. */
const TERMS = { permission: [{ action: 'use', constraint: [] }] }
const SOURCE = { '@type': 'DataAddress', 'endpoint': 'http://example.com', 'endpointType': 'https://w3id.org/idsa/v4.1/HTTP' }

type Pids = { readonly providerPid?: string, readonly consumerPid?: string }
type Heard = { readonly word: string, readonly body: JsonObject }
/** What the kit knows of one scenario that runs. */
type Run = { readonly name: string, readonly isTransfer: boolean, readonly kitIsProvider: boolean, readonly kitPid: string, ourPid: string | undefined, readonly heard: Heard[], state: string }

let schema: ((path: string) => Complaint) | undefined
let messages = 0

export class Kit {
  #node: UnderTest | undefined
  readonly #runs = new Map<string, Run>()

  under (node: UnderTest): void {
    this.#node = node
  }

  /** Takes what the node says to the kit: an answer to every message, and how the process stands. */
  async answer ({ verb, path, body }: DspRequest): Promise<DspAnswer> {
    const segments = path.slice(1).split('/').map(decodeURIComponent)
    if (verb === 'GET') return this.#standing(segments[1] ?? '')
    const json = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array())) as JsonObject
    assert.equal(complaintOf(json), '', JSON.stringify(json))
    const run = this.#runOf(segments, json)
    if (run === undefined) return { status: 404, body: null }
    const word = wordOf(segments, json)
    if (run.ourPid === undefined) run.ourPid = textIn(json, run.kitIsProvider ? 'consumerPid' : 'providerPid')
    run.state = STATES[word] ?? run.state
    run.heard.push({ word, body: json })
    return { status: word === 'request' ? 201 : 200, body: this.#process(run) }
  }

  /** Plays one scenario against the node; complains where the kit would. */
  async play (id: string, scenario: string): Promise<void> {
    const run = this.#begin(id)
    if (run.kitIsProvider) await (run.isTransfer ? this.#under.transfer(run.name) : this.#under.negotiate(run.name))
    for (const step of scenario.split(' ')) {
      const label = `${id} at ${step}`
      if (step.startsWith('<')) await this.#hear(run, step.slice(1), label)
      else if (step.startsWith('=')) await this.#see(run, step.slice(1), label)
      else await this.#say(run, step.replace('!', ''), step.startsWith('!'), label)
    }
    assert.deepEqual(run.heard.map(({ word }) => word), [], `${id}: nothing more is said than was waited for`)
  }

  get #under (): UnderTest {
    return this.#node ?? assert.fail('a node is under test')
  }

  #begin (id: string): Run {
    const kitIsProvider = id.includes('_C')
    const isTransfer = id.startsWith('TP')
    const name = `${isTransfer ? 'ATP' : 'ACN'}${kitIsProvider ? 'C' : ''}${id.split(':')[1]?.replace('-', '') ?? ''}`
    messages++
    const run = { name, isTransfer, kitIsProvider, kitPid: `kit-${messages}`, ourPid: undefined, heard: [], state: 'REQUESTED' }
    this.#runs.set(run.kitPid, run)
    return run
  }

  async #hear (run: Run, word: string, label: string): Promise<void> {
    await until(() => run.heard.length > 0, label, 5_000)
    assert.equal(run.heard.shift()?.word, word, label)
  }

  async #see (run: Run, state: string, label: string): Promise<void> {
    const answer = await this.#under.ask('GET', `/${collectionOf(run)}/${encodeURIComponent(run.ourPid ?? '')}`, null)
    assert.equal(answer.status, 200, label)
    assert.equal(complaintOf(answer.body as JsonObject), '', label)
    assert.equal((answer.body as JsonObject)['state'], state, label)
  }

  async #say (run: Run, word: string, isRefused: boolean, label: string): Promise<void> {
    const body = messageOf(run, word, this.#under.kitAddress)
    const pid = word === 'request' ? '' : `/${encodeURIComponent(run.ourPid ?? '')}`
    // The kit tries an unexpected error three times over, and so it does an expected one here.
    for (let attempt = 0; attempt < (isRefused ? 3 : 1); attempt++) {
      const answer = await this.#under.ask('POST', `/${collectionOf(run)}${pid}/${TAILS[word] ?? word}`, body)
      assert.equal(complaintOf(answer.body as JsonObject), '', `${label}: ${JSON.stringify(answer.body)}`)
      assert.equal(answer.status, isRefused ? 400 : word === 'request' ? 201 : 200, `${label}: ${JSON.stringify(answer.body)}`)
      if (word === 'request') run.ourPid = textIn(answer.body as JsonObject, 'providerPid')
    }
    if (!isRefused) run.state = STATES[word] ?? run.state
  }

  #runOf ([, pid = ''] : readonly string[], json: JsonObject): Run | undefined {
    const named = this.#runs.get(pid)
    if (named !== undefined) return named
    const target = json['agreementId'] ?? (json['offer'] as JsonObject | undefined)?.['target']
    return [...this.#runs.values()].findLast(({ name, ourPid }) => name === target && ourPid === undefined)
  }

  #standing (pid: string): DspAnswer {
    const run = this.#runs.get(pid)
    return run === undefined ? { status: 404, body: null } : { status: 200, body: this.#process(run) }
  }

  #process (run: Run): JsonObject {
    return { '@context': CONTEXT, '@type': run.isTransfer ? 'TransferProcess' : 'ContractNegotiation', ...pidsOf(run), 'state': run.state }
  }
}

const TAILS: Readonly<Record<string, string>> = {
  request: 'request', counter: 'request', offer: 'offers', accept: 'events', finalize: 'events', agree: 'agreement', verify: 'agreement/verification',
  terminate: 'termination', start: 'start', suspend: 'suspension', complete: 'completion'
}
const STATES: Readonly<Record<string, string>> = {
  request: 'REQUESTED', counter: 'REQUESTED', offer: 'OFFERED', accept: 'ACCEPTED', agree: 'AGREED', verify: 'VERIFIED', finalize: 'FINALIZED',
  terminate: 'TERMINATED', start: 'STARTED', suspend: 'SUSPENDED', complete: 'COMPLETED'
}

/** A message of the node, in the word of the scenarios. */
function wordOf (segments: readonly string[], json: JsonObject): string {
  const tail = segments.slice(segments.length === 2 ? 1 : 2).join('/')
  if (tail === 'events') return json['eventType'] === 'ACCEPTED' ? 'accept' : 'finalize'
  if (tail === 'request') return segments.length === 2 ? 'request' : 'counter'
  return Object.keys(TAILS).find(word => TAILS[word] === tail) ?? tail
}

function collectionOf ({ isTransfer }: Run): string {
  return isTransfer ? 'transfers' : 'negotiations'
}

function pidsOf ({ kitIsProvider, kitPid, ourPid }: Run): Pids {
  return kitIsProvider ? { providerPid: kitPid, consumerPid: ourPid ?? '' } : { providerPid: ourPid ?? '', consumerPid: kitPid }
}

function messageOf (run: Run, word: string, kitAddress: string): JsonObject {
  const { name, isTransfer, kitIsProvider, kitPid } = run
  const pids = pidsOf(run)
  const offer = { '@type': 'Offer', '@id': `CD123:${name}:456`, ...TERMS, 'target': name }
  const parts: Readonly<Record<string, object>> = isTransfer
    ? {
        request: { '@type': 'TransferRequestMessage', 'consumerPid': kitPid, 'agreementId': name, 'format': 'HttpData-PULL', 'callbackAddress': kitAddress },
        start: { '@type': 'TransferStartMessage', ...pids, ...kitIsProvider ? { dataAddress: SOURCE } : {} },
        complete: { '@type': 'TransferCompletionMessage', ...pids },
        suspend: { '@type': 'TransferSuspensionMessage', ...pids, 'code': '1' },
        terminate: { '@type': 'TransferTerminationMessage', ...pids, 'code': '1' }
      }
    : {
        request: { '@type': 'ContractRequestMessage', 'consumerPid': kitPid, offer, 'callbackAddress': `${kitAddress}/` },
        counter: { '@type': 'ContractRequestMessage', ...pids, 'offer': { ...offer, assigner: 'a', assignee: 'b' } },
        offer: { '@type': 'ContractOfferMessage', ...pids, 'offer': { ...offer, assigner: 'a', assignee: 'b' } },
        accept: { '@type': 'ContractNegotiationEventMessage', ...pids, 'eventType': 'ACCEPTED' },
        agree: {
          '@type': 'ContractAgreementMessage', ...pids, 'callbackAddress': kitAddress,
          'agreement': { ...offer, '@type': 'Agreement', 'timestamp': '2026-08-12T08:59:34.123456789Z', 'assigner': 'a', 'assignee': 'b' }
        },
        verify: { '@type': 'ContractAgreementVerificationMessage', ...pids },
        finalize: { '@type': 'ContractNegotiationEventMessage', ...pids, 'eventType': 'FINALIZED' },
        terminate: { '@type': 'ContractNegotiationTerminationMessage', ...pids, 'code': '1' }
      }
  return { '@context': CONTEXT, ...parts[word] ?? assert.fail(`the kit says no ${word}`) }
}

function textIn (json: JsonObject, name: string): string {
  const value = json[name]
  return typeof value === 'string' ? value : assert.fail(`${name} is text`)
}

/** Whether a message is valid by the published schemas, where they are at hand. */
export function complaintOf (json: JsonObject): string {
  if (!SCHEMAS_ARE_PRESENT) return ''
  schema ??= schemaNamed()
  return schema(schemaOf(json))(json)
}
