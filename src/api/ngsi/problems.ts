import { problem, type AnyFailure, type Reply } from '../http/index.ts'

/** In the words of the standard; see ETSI GS CIM 009, table 6.3.2-1. */
export type NgsiFailure = { readonly kind: keyof typeof KINDS, readonly detail: string, readonly hint: string }
export type Refusal = NgsiFailure | AnyFailure

const TYPES = 'https://uri.etsi.org/ngsi-ld/errors/'
const KINDS = {
  BadRequestData: { status: 400, title: 'Not what the standard or the data model wants' },
  InvalidRequest: { status: 400, title: 'Not readable' },
  AlreadyExists: { status: 409, title: 'There already' },
  ResourceNotFound: { status: 404, title: 'Not found' },
  LdContextNotAvailable: { status: 504, title: 'A context that is not known here' },
  /** 400 and not 501, which would look like a fault of the node to whoever watches it. */
  OperationNotSupported: { status: 400, title: 'Not offered' }
} as const

export function badData (detail: string, hint = 'see the documentation of this call under /api/v1/openapi.json'): NgsiFailure {
  return { kind: 'BadRequestData', detail, hint }
}

export function notOffered (detail: string): NgsiFailure {
  return { kind: 'OperationNotSupported', detail, hint: 'what is offered stands in the documentation' }
}

export function notFound (what: string): NgsiFailure {
  return { kind: 'ResourceNotFound', detail: `there is no ${what} here, or none that you may know of`, hint: 'look for it with a query' }
}

export function refused (failure: Refusal): Reply {
  return 'kind' in failure ? { type: 'problem', problem: problemOf(failure) } : problem(failure)
}

/** As it stands within the answer of a batch. */
export function problemOf (failure: Refusal): Extract<Reply, { readonly type: 'problem' }>['problem'] {
  if (!('kind' in failure)) return problem(failure).problem
  const { status, title } = KINDS[failure.kind]
  return { type: `${TYPES}${failure.kind}`, title, status, detail: failure.detail, code: failure.kind, hint: failure.hint }
}
