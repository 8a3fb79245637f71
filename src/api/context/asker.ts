import { fail, ok, type Result } from '../../base/index.ts'
import type { Asker, HanseNode } from '../../node/contract/index.ts'
import { PURPOSE_HEADER } from '../../sdk/index.ts'
import { invalid, type AnyFailure, type ApiRequest } from '../http/index.ts'
import type { Context } from './context.ts'

const PURPOSE_LENGTH_MAX = 128

/**
 * In whose name the doors are asked: of the member that the token names, of anybody, or of the people of this node; and what for, as
 * the request says, or else the token.
 */
export function askerOf (_context: Context, request: ApiRequest): Result<Asker, AnyFailure> {
  const purpose = request.header(PURPOSE_HEADER) ?? request.caller?.purpose
  const requester = request.caller?.requester
  const who = requester === undefined ? {} : { requester }
  if (purpose === undefined) return ok(who)
  return isPurpose(purpose) ? ok({ ...who, purpose }) : fail(invalid('the purpose is no IRI', 'send it as urn:hanse:purpose:1:waste.collection'))
}

function isPurpose (text: string): boolean {
  return text.length <= PURPOSE_LENGTH_MAX && /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(text)
}

/** Only own datasets are written to; they are named by the short id or the long one. */
export function ownDatasetId (node: HanseNode, reference: string): Result<string, AnyFailure> {
  const { did, name } = node.status().member
  const short = [did, name].find(publisher => reference.startsWith(`${publisher}/`))
  const datasetId = short === undefined ? reference : reference.slice(short.length + 1)
  return datasetId.includes('/')
    ? fail({ code: 'refused', reason: `${reference.slice(0, 200)} belongs to another member`, hint: 'only its publisher can change a dataset' })
    : ok(datasetId)
}
