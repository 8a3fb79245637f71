/**
 * Reads warnings: messages of CAP 1.2 (and 1.1), one by one or from a feed (Atom, RSS) that holds or links to them.
 *
 * An Alert is a record, an entity of the model Alert with the fields of CAP beside those of the model, under `sender,identifier`.
 * An Update replaces the messages that its `references` name, a Cancel takes them away; Ack and Error change nothing. What is not
 * `Actual` (Exercise, Test, System, Draft) goes to a dataset of its own that is marked as simulated, so that it never stands
 * among real warnings. `-00:00` is UTC. XML is read without document type definitions and entities, within limits.
 *
 * Deviates from CAP 1.2 in that one language of several `info` is taken, and signatures are not checked.
 */
import { ok, utf8, type Result } from '../../base/index.ts'
import { entityFault, entityIdOf, columnsOf, MODELS } from '../../sdk/models/index.ts'
import type { Column } from '../../sdk/index.ts'
import {
  childrenOf, childText, DOCUMENT_BYTES_MAX, Gathering, malformed, parseXml, THINGS_MAX, type Asked, type Document, type ReadContext, type Reader, type ReadFailure, type Reading, type ReadSession, type XmlElement
} from '../reader/index.ts'
import { messageOf, type CapMessage } from './message.ts'

const LINKS_MAX = 500
const CAP_TYPES = /^(application\/cap\+xml|application\/common-alerting-protocol\+xml|application\/xml|text\/xml)\b/

const OWN: ReadonlySet<string> = new Set(['id', 'type', 'category', 'subCategory', 'severity', 'location', 'dateIssued', 'validFrom', 'validTo', 'description', 'alertSource'])
const model = MODELS.get('Alert')
const COLUMNS: readonly Column[] = [
  ...(model === undefined ? [] : columnsOf(model).filter(({ name }) => OWN.has(name))),
  ...['identifier', 'sender', 'status', 'msgType', 'scope', 'event', 'urgency', 'capSeverity', 'certainty', 'headline', 'instruction', 'web', 'areaDesc', 'language']
    .map((name): Column => ({ name, type: 'text', unit: null })),
  { name: 'sent', type: 'time', unit: null }
]

/** `language`: which `info` is taken where there are several. */
export function capReader (language = 'en'): Reader {
  return {
    kind: 'cap', accept: 'application/cap+xml, application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8', begin: context => new CapSession(context, language)
  }
}

class CapSession implements ReadSession {
  readonly #language: string
  readonly #actual: Gathering
  readonly #others: Gathering
  readonly #messages: CapMessage[] = []
  #links = 0

  constructor ({ nowMs }: ReadContext, language: string) {
    this.#language = language
    this.#actual = new Gathering(nowMs)
    this.#others = new Gathering(nowMs)
  }

  async take (document: Document): Promise<Result<readonly Asked[], ReadFailure>> {
    const bytes = await document.bytes(DOCUMENT_BYTES_MAX)
    if (!bytes.ok) return bytes
    const root = await parseXml(bytes.value)
    if (!root.ok) return root
    if (root.value.name === 'alert') {
      const taken = this.#takeAlert(root.value)
      // The one that was asked for itself must be one; of those that a feed links to, each stands for itself.
      return taken === undefined || document.name !== '' ? ok([]) : malformed(taken)
    }
    if (document.name !== '') {
      this.#actual.reject('a link of the feed does not lead to an alert', bytes.value)
      return ok([])
    }
    return this.#takeFeed(root.value, document.url)
  }

  #takeFeed (root: XmlElement, base: string | null): Result<readonly Asked[], ReadFailure> {
    const channel = root.name === 'feed' ? root : childrenOf(root, 'channel')[0]
    if (channel === undefined || (root.name !== 'feed' && root.name !== 'rss')) return malformed('it is neither an alert nor a feed of alerts')
    const asked: Asked[] = []
    for (const entry of [...childrenOf(channel, 'entry'), ...childrenOf(channel, 'item')]) {
      const inside = childrenOf(entry, 'content').flatMap(content => childrenOf(content, 'alert'))
      for (const alert of [...inside, ...childrenOf(entry, 'alert')]) this.#takeAlert(alert)
      const link = inside.length > 0 ? undefined : linkOf(entry)
      const url = link === undefined ? null : URL.parse(link, base ?? undefined)
      if (url === null) continue
      if (asked.length < LINKS_MAX) asked.push({ name: `alert ${++this.#links}`, url: url.href, optional: true })
      else this.#actual.warn('links', `Only the first ${LINKS_MAX} alerts of the feed were read.`)
    }
    return ok(asked)
  }

  /** What is wrong with it, where something is. */
  #takeAlert (alert: XmlElement): string | undefined {
    const message = messageOf(alert, this.#language)
    if (message.ok && this.#messages.length < THINGS_MAX) {
      this.#messages.push(message.value)
      return undefined
    }
    const reason = message.ok ? `a feed has at most ${THINGS_MAX} alerts` : message.failure.reason
    this.#actual.reject(reason, utf8(childText(alert, 'identifier') ?? ''))
    return reason
  }

  #apply ({ key, sentMs, status, messageType, references, entity }: CapMessage): void {
    const messages = status === 'Actual' ? this.#actual : this.#others
    if (messageType === 'Ack' || messageType === 'Error') return
    for (const reference of references) messages.remove(reference, sentMs)
    if (messageType === 'Cancel') return
    const thing = { ...entity, id: entityIdOf('Alert', key) }
    const fault = entityFault('Alert', thing)
    if (fault === undefined) messages.put(key, sentMs, thing)
    else messages.reject(`an alert is not as its model has it: ${fault.position} is ${fault.reason}`, thing)
  }

  async finish (): Promise<Result<Reading, ReadFailure>> {
    // Feeds list the newest first, and an update must come behind what it replaces, also where both were sent in one second.
    const refers = ({ references }: CapMessage): number => Number(references.length > 0)
    for (const message of this.#messages.toSorted((a, b) => a.sentMs - b.sentMs || refers(a) - refers(b))) this.#apply(message)
    const about = { columns: COLUMNS, model: 'Alert', licence: null, personal: null, form: 'records', complete: false } as const
    return ok({
      outputs: [
        { ...about, suffix: null, title: 'Warnings', spatial: null, simulated: false, records: this.#actual.records },
        { ...about, suffix: 'exercises', title: 'Exercises and tests of warnings', spatial: null, simulated: true, records: this.#others.records }
      ],
      found: [], ttlMs: null, updatedMs: null, warnings: [...this.#actual.warnings, ...this.#others.warnings], rejected: [...this.#actual.rejected, ...this.#others.rejected]
    })
  }

  close (): void {}
}

/** A link with a type of CAP first, else the one without a relation, or with `alternate`. */
function linkOf (entry: XmlElement): string | undefined {
  const links = childrenOf(entry, 'link').map(({ attributes, text }) => {
    const attribute = (name: string): string | undefined => attributes.find(each => each.name === name)?.value
    return { url: attribute('href') ?? text.trim(), type: attribute('type') ?? '', relation: attribute('rel') ?? 'alternate' }
  })
  const found = links.find(({ type }) => CAP_TYPES.test(type)) ?? links.find(({ relation, type }) => relation === 'alternate' && type === '')
  return found?.url === '' ? undefined : found?.url
}
