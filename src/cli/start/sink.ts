import { fail, ok, type Result } from '../../base/index.ts'
import type { Sink, SinkFailure } from '../../intake/connector/index.ts'
import type { Dataset, HanseNode, TermsOrder } from '../../node/index.ts'

/** Terms of what nobody else ever gets begin with this template. */
const PRIVATE_TEMPLATE = 'members'

/** The node, as connectors see it: own datasets alone. */
export function sinkOver (node: HanseNode): Sink {
  const own = (datasetId: string): Result<Dataset, SinkFailure> => node.dataset(`${node.status().member.did}/${datasetId}`)
  const isDerived = (datasetId: string): boolean => node.derivations().some(derivation => derivation.datasetId === datasetId)
  return {
    async ensureStream (description, personal) {
      const { datasetId } = description
      const held = isStream(own(datasetId), isDerived(datasetId), personal === undefined ? 'as-it-is' : 'restricted')
      if (held !== undefined) return held
      const terms = personal === undefined ? undefined : termsOf(node, personal.template, { countedBy: personal.countedBy })
      if (terms?.ok === false) return terms
      // Nobody else is shown it, until a person here says who may ask for aggregates: then terms name more viewers.
      const order = terms === undefined ? undefined : { ...terms.value, viewers: [] }
      const published = await node.publish(description, { form: 'stream', mediaType: 'application/json' }, undefined, order)
      return published.ok ? ok(null) : published
    },
    async append (datasetId, records) {
      const appended = await node.append(datasetId, records, { flush: true })
      if (appended.ok) return ok(null)
      // Where it has become something else meanwhile, no record is at fault.
      const held = isStream(own(datasetId), isDerived(datasetId), 'as-it-is')
      if (held?.ok === false) return held
      // No waiting makes a record smaller: it is refused, as one that is malformed.
      return fail(appended.failure.code === 'too-large' ? { ...appended.failure, code: 'invalid' } : appended.failure)
    },
    async tail (datasetId, count) {
      const dataset = own(datasetId)
      if (!dataset.ok) return dataset
      const { records } = dataset.value.held
      return node.read(dataset.value.id, { from: Math.max(0, records - count), limit: count })
    },
    async publishTable (description, content) {
      const published = await node.publish(description, { form: 'table', ...content })
      return published.ok ? ok(null) : published
    },
    async publishFile (description, content) {
      const published = await node.publish(description, { form: 'file', ...content })
      return published.ok ? ok(null) : published
    },
    contentSha256 (datasetId) {
      const dataset = own(datasetId)
      return dataset.ok ? dataset.value.distribution.sha256 : null
    },
    ensurePrivateStream: (datasetId, title) => ensurePrivate(node, isStream(own(datasetId), false, 'restricted'), datasetId, title)
  }
}

/** Undefined: it has to be opened. `restricted`: what goes into it must not reach those whom an open one is for. */
function isStream (dataset: Result<Dataset, SinkFailure>, isDerived: boolean, wanted: 'as-it-is' | 'restricted'): Result<null, SinkFailure> | undefined {
  if (!dataset.ok) return undefined
  const { distribution: { form }, datasetId, access } = dataset.value
  const exists = (reason: string): Result<null, SinkFailure> => fail({ code: 'exists', reason, hint: 'choose another dataset for the connector, or withdraw this one' })
  if (form !== 'stream') return exists(`"${datasetId}" is a ${form} already, not a stream`)
  if (isDerived) return exists(`"${datasetId}" is derived: what is in it follows from its source`)
  return wanted === 'restricted' && access !== 'restricted' ? exists(`"${datasetId}" is there already for ${access === 'public' ? 'anyone' : 'all members'}, and what is to be kept in it is not for them`) : ok(null)
}

/** What a template says, and by what column questions about single records are held to its groups. */
function termsOf (node: HanseNode, name: string, questions?: { readonly countedBy: string }): Result<TermsOrder, SinkFailure> {
  const template = node.templateOf(name)
  return template.ok ? node.readTerms(questions === undefined ? template.value : Object.assign({ questions }, template.value)) : template
}

async function ensurePrivate (node: HanseNode, held: Result<null, SinkFailure> | undefined, datasetId: string, title: string): Promise<Result<null, SinkFailure>> {
  if (held !== undefined) return held
  const order = termsOf(node, PRIVATE_TEMPLATE)
  if (!order.ok) return order
  const { did } = node.status().member
  const description = {
    datasetId, title, description: title, theme: '', keywords: [], licence: '', spatial: null, temporal: null, schema: [], access: 'restricted' as const, simulated: false
  }
  const published = await node.publish(description, { form: 'stream', mediaType: 'application/json' }, undefined, {
    form: { ...order.value.form, audience: { type: 'named', members: [did as `did:key:${string}`] } }, dataset: { ...order.value.dataset, replicas: 'nobody' }, viewers: []
  })
  return published.ok ? ok(null) : published
}
