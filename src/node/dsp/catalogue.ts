import { decodeCatalogRequest, encodeCatalog, encodeDataset, encodeError, parseMessage } from '../../core/agreement/index.ts'
import type { DspAnswer, DspRequest } from '../contract/index.ts'
import type { Party } from './party.ts'

/** Catalogue requests: what is in it depends on who asks. */
export function answerCatalogue (party: Party, { verb, peer, page, body }: DspRequest, rest: readonly string[]): DspAnswer {
  const [what, id, ...more] = rest
  if (verb === 'POST' && what === 'request' && id === undefined) return catalogue(party, peer, page, body ?? new Uint8Array(0))
  if (verb === 'GET' && what === 'datasets' && id !== undefined && more.length === 0) {
    const dataset = party.dataset(peer, id)
    return dataset === undefined ? refusal(404, 'not-found', 'There is no such dataset.') : { status: 200, body: encodeDataset(dataset) }
  }
  return { status: 404, body: null }
}

function catalogue (party: Party, viewer: string, page: string | null, body: Uint8Array): DspAnswer {
  const json = parseMessage(body)
  const request = json.ok ? decodeCatalogRequest(json.value) : json
  if (!request.ok) return refusal(400, request.failure.code, `${request.failure.position} ${request.failure.reason}`.trim())
  if (request.value.filters > 0) return refusal(400, 'filter', 'No filter is supported: ask for the whole catalogue.')
  const found = party.catalogue(viewer, page)
  if (found === undefined) return refusal(400, 'page', 'There is no such page, or the catalogue has changed: begin anew without one.')
  const { participantId } = party
  return {
    status: 200,
    body: encodeCatalog({ id: `${participantId}/catalog`, participantId, services: party.services(), datasets: found.datasets }),
    ...found.next === null ? {} : { next: found.next }, ...found.previous === null ? {} : { previous: found.previous }
  }
}

function refusal (status: number, code: string, reason: string): DspAnswer {
  return { status, body: encodeError({ type: 'CatalogError', code, reason: [reason] }) }
}
