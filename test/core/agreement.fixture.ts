import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import type { Agreement, JsonObject, Offer } from '../../src/core/agreement/index.ts'
import { readPolicy, type Policy } from '../../src/core/terms/index.ts'
import { valueOf } from './identity.fixture.ts'

export const NOW_MS = 1_790_000_000_000
export const PROVIDER_PID = 'urn:uuid:a343fcbf-99fc-4ce8-8e9b-148c97605aab'
export const CONSUMER_PID = 'urn:uuid:32541fe6-c580-409e-85a8-8a9a32fbe833'
export const PROVIDER_ADDRESS = 'https://provider.example/dsp'
export const CONSUMER_ADDRESS = 'https://consumer.example/dsp'

/** The published schemas, read in place and never copied: `HANSE_DSP` names another folder. */
const FOLDER = process.env['HANSE_DSP'] ?? '../shared/vectors/dsp-2025-1'
export const SCHEMAS_ARE_PRESENT: boolean = existsSync(FOLDER)
export const WITHOUT_SCHEMAS = `skipped: the published schemas are not in ${FOLDER}`

export type Complaint = (json: unknown) => string

/** Complaints of the published schema about a message; empty where it is valid. Three schemas point at others without the slash. */
export function schemaNamed (): (path: string) => Complaint {
  const ajv = new Ajv2019({ strict: false, allErrors: true })
  for (const file of globSync(`${FOLDER}/*/*-schema.json`)) ajv.addSchema(JSON.parse(readFileSync(file, 'utf8').replaceAll('#definitions/', '#/definitions/')))
  return path => {
    const validate = ajv.getSchema(`https://w3id.org/dspace/2025/1/${path}-schema.json`)
    if (validate === undefined) throw new Error(`no schema ${path}`)
    return json => validate(json) === true ? '' : ajv.errorsText(validate.errors)
  }
}

export function publishedExamples (): ReadonlyArray<{ readonly name: string, readonly json: unknown }> {
  return globSync(`${FOLDER}/{catalog,negotiation,transfer}/example/*.json`).toSorted()
    .map(file => ({ name: file.slice(FOLDER.length + 1), json: JSON.parse(readFileSync(file, 'utf8')) as unknown }))
}

/** Name of the schema that a message is to be valid by. */
export function schemaOf (json: JsonObject): string {
  const type = JSON.stringify(json['@type']).replaceAll('"', '')
  const folder = /^(Catalog|Dataset)/.test(type) ? 'catalog' : type.startsWith('Transfer') ? 'transfer' : 'negotiation'
  return join(folder, type.replaceAll(/([a-z])([A-Z])/g, '$1-$2').toLowerCase())
}

export function policyOf (json: object = { permission: [{ action: 'use' }] }): Policy {
  return valueOf(readPolicy(json))
}

export const OFFER: Offer = { id: 'urn:hanse:offer:1', target: 'urn:hanse:dataset:bins', policy: policyOf() }
export const OTHER_OFFER: Offer = {
  id: 'urn:hanse:offer:2', target: 'urn:hanse:dataset:bins',
  policy: policyOf({ permission: [{ action: 'use', constraint: [{ leftOperand: 'odrl:count', operator: 'lteq', rightOperand: '10' }] }] })
}

export function agreementOf (timestampMs: number): Agreement {
  return {
    id: 'urn:uuid:e8dc8655-44c2-46ef-b701-4cffdc2faa44', provider: 'did:web:provider.example', consumer: 'did:web:consumer.example',
    target: 'urn:hanse:dataset:bins', policy: OFFER.policy, timestampMs, salt: null, providerSignature: null, consumerSignature: null
  }
}

/** Fresh ids, all told apart by their number. */
export function counter (name: string): () => string {
  let drawn = 0
  return () => `urn:uuid:${name}-${++drawn}`
}
