/** Sends requests and says what is wrong with an answer by the OpenAPI document. */
import { Agent, request, type IncomingMessage } from 'node:http'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { JsonSchema, MediaType, OpenApi, OpenApiOperation, OpenApiResponse } from '../../../src/sdk/openapi/index.ts'
import type { Sent } from './requests.ts'

export type Got = { readonly status: number, readonly mediaType: string, readonly allow: string | undefined, readonly body: string, readonly isCut: boolean }

const ANSWER_WITHIN_MS = 30_000
/** A stream without an end is left after so long. */
const LIVE_MS = 60

/** Over kept connections, one request after the other. */
export class Sender {
  readonly #url: string
  readonly #token: string
  readonly #live: ReadonlySet<string>
  readonly #agent: Agent = new Agent({ keepAlive: true, maxSockets: 4 })

  constructor (url: string, token: string, document: OpenApi) {
    this.#url = url
    this.#token = token
    this.#live = new Set(methodsOf(document).flatMap(methods => Object.values(methods)).filter(each => each['x-live'] === true).map(({ operationId }) => operationId))
  }

  async send ({ method, path, headers, body, operationId }: Sent): Promise<Got> {
    const length: Record<string, string> = body === null ? {} : { 'content-length': String(body.length) }
    return await new Promise((resolve, reject) => {
      const sent = request(this.#url, { method, path, agent: this.#agent, headers: { authorization: `Bearer ${this.#token}`, ...headers, ...length } })
      const late = setTimeout(() => { sent.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)) }, ANSWER_WITHIN_MS)
      sent.on('response', response => { read(response, this.#live.has(operationId)).then(resolve, reject).finally(() => { clearTimeout(late) }) })
      sent.on('error', error => {
        clearTimeout(late)
        reject(error)
      })
      sent.end(body ?? undefined)
    })
  }

  close (): void {
    this.#agent.destroy()
  }
}

async function read (response: IncomingMessage, isLive: boolean): Promise<Got> {
  const chunks: Buffer[] = []
  const isEndless = isLive && response.statusCode === 200
  let isCut = false
  const timer = isEndless ? setTimeout(() => { response.destroy() }, LIVE_MS) : undefined
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch {
    isCut = !isEndless
  }
  clearTimeout(timer)
  return {
    status: response.statusCode ?? 0, mediaType: String(response.headers['content-type'] ?? '').split(';')[0] ?? '', allow: response.headers.allow,
    body: Buffer.concat(chunks).toString(), isCut
  }
}

function methodsOf (document: OpenApi): readonly Readonly<Record<string, OpenApiOperation>>[] {
  return Object.values(document.paths)
}

export class Judge {
  readonly #ajv: Ajv2020 = new Ajv2020({ strict: false, validateFormats: false })
  readonly #document: OpenApi
  readonly #validators: Map<JsonSchema, ValidateFunction> = new Map()

  constructor (document: OpenApi) {
    this.#document = document
    this.#ajv.addSchema({ $id: 'document', components: document['components'] })
  }

  /** A sentence, or undefined where the answer is as the document says. */
  complaint (sent: Sent, got: Got): string | undefined {
    if (got.isCut) return 'the answer broke off'
    if (got.status >= 500 && got.status !== 503 && got.status !== 504 && got.status !== 507) return `status ${got.status}: ${got.body.slice(0, 300)}`
    const declared = this.#operationOf(sent)
    if (declared === undefined) return this.#undescribed(sent, got)
    const response = this.#responseOf(declared, got.status)
    if (response === undefined) return `status ${got.status} is not declared: ${got.body.slice(0, 300)}`
    return this.#content(response, got)
  }

  /** Paths and methods that the document has not. */
  #undescribed (sent: Sent, got: Got): string | undefined {
    if (![400, 404, 405].includes(got.status)) return `${sent.method} is not declared, and status ${got.status} came`
    if (got.status === 405 && got.allow === undefined) return 'a 405 says in Allow what there is'
    return this.#content(this.#problem(), got)
  }

  #content ({ content = {} }: OpenApiResponse, got: Got): string | undefined {
    if (Object.keys(content).length === 0) return got.body === '' ? undefined : 'a body came where none was declared'
    const found = content[got.mediaType] ?? content['*/*']
    if (found === undefined) return `the media type ${got.mediaType} is not declared for ${got.status}`
    return this.#body(found, got)
  }

  #body (mediaType: MediaType, { body, mediaType: name }: Got): string | undefined {
    const item = mediaType['x-item-schema']
    if (item !== undefined) {
      const texts = name === 'text/event-stream' ? [...body.matchAll(/^event: (?!refused)\w+\ndata: (.*)$/gm)].map(([, data = '']) => data) : body.split('\n').filter(line => line !== '')
      return texts.map(text => this.#fits(item, text)).find(each => each !== undefined)
    }
    return mediaType.schema === undefined || !['/json', '+json'].some(end => name.endsWith(end)) ? undefined : this.#fits(mediaType.schema, body)
  }

  #fits (schema: JsonSchema, text: string): string | undefined {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return `no JSON: ${text.slice(0, 200)}`
    }
    let validate = this.#validators.get(schema)
    if (validate === undefined) {
      validate = this.#ajv.compile(withDocument(schema))
      this.#validators.set(schema, validate)
    }
    return validate(value) === true ? undefined : `${this.#ajv.errorsText(validate.errors)} in ${text.slice(0, 400)}`
  }

  #operationOf ({ operationId, method }: Sent): OpenApiOperation | undefined {
    return methodsOf(this.#document).find(each => Object.values(each).some(operation => operation.operationId === operationId))?.[method.toLowerCase()]
  }

  #responseOf ({ responses }: OpenApiOperation, status: number): OpenApiResponse | undefined {
    const response = responses[String(status)]
    return response !== undefined && '$ref' in response ? this.#problem() : response
  }

  #problem (): OpenApiResponse {
    const { responses } = this.#document['components'] as { readonly responses: Readonly<Record<string, OpenApiResponse>> }
    const problem = responses['Problem']
    if (problem === undefined) throw new Error('the document has no Problem')
    return problem
  }
}

/** References begin at the document, not at the schema. */
function withDocument (schema: JsonSchema): JsonSchema {
  return typeof schema['$ref'] === 'string' ? { $ref: `document${schema['$ref']}` } : schema
}
