/** Who speaks: the charter, and the certificates of the nodes that sign for members. */
import { cidOf, equalBytes } from '../../base/index.ts'
import { read, type Form, type Id } from './forms.ts'
import { isSigned, keyOfDid, type Verifying } from './signing.ts'
import { Broken, must } from './steps.ts'

export type Charter = Form<'charterBody'> & { readonly federation: Id }

/** A charter that each of its founders signed. */
export async function charterOf (subtle: Verifying, envelope: Uint8Array): Promise<Charter> {
  const { body, signatures } = must('charter', read('charterEnvelope', envelope))
  const charter = must('charter', read('charterBody', body))
  const { founders } = charter
  if (signatures.length !== founders.length || new Set(founders.map(({ member }) => member)).size !== founders.length) throw new Broken('charter')
  for (const [at, { member }] of founders.entries()) {
    const root = keyOfDid(member)
    const own = signatures[at]
    if (root === undefined || own === undefined || !await isSigned(subtle, root, body, own)) throw new Broken('charter')
  }
  return { ...charter, federation: cidOf('dagCbor', body) }
}

export type Certificate = Form<'certificateBody'> & { readonly id: Id }

const LIFETIME_MS_MAX = 90 * 86_400_000

/** A certificate that its member signed, of this federation. */
export async function certificateOf (subtle: Verifying, envelope: Uint8Array, federation: Id): Promise<Certificate> {
  const { body, signature } = must('certificate', read('signedEnvelope', envelope))
  const certificate = must('certificate', read('certificateBody', body))
  const { member, nodeKey, transportKey, notBeforeMs, notAfterMs } = certificate
  const root = must('certificate', keyOfDid(member))
  const lifetimeMs = notAfterMs - notBeforeMs
  const isSound = certificate.federation.equals(federation) && lifetimeMs > 0 && lifetimeMs <= LIFETIME_MS_MAX &&
    !equalBytes(root, nodeKey) && !equalBytes(root, transportKey) && !equalBytes(nodeKey, transportKey)
  if (!isSound || !await isSigned(subtle, root, body, signature)) throw new Broken('certificate')
  return { ...certificate, id: cidOf('dagCbor', envelope) }
}

export type Statement = { readonly id: Id, readonly body: Uint8Array, readonly certificate: Certificate }

/** A statement of the node that its certificate names. */
export async function statementOf (subtle: Verifying, name: 'declaration' | 'head', envelope: Uint8Array, certificates: readonly Certificate[]): Promise<Statement> {
  const { body, cert, signature } = must(name, read('statementEnvelope', envelope))
  const certificate = must('certificate', certificates.find(({ id }) => id.equals(cert)))
  if (!await isSigned(subtle, certificate.nodeKey, body, signature)) throw new Broken(name)
  return { id: cidOf('dagCbor', envelope), body, certificate }
}

export function isWithin ({ notBeforeMs, notAfterMs }: Certificate, timeMs: number): boolean {
  return timeMs >= notBeforeMs && timeMs <= notAfterMs
}

/** The declaration of a feed by its own publisher, in this federation. */
export async function declarationOf (subtle: Verifying, envelope: Uint8Array, certificates: readonly Certificate[], federation: Id): Promise<Form<'declarationBody'> & { readonly id: Id, readonly certificate: Certificate }> {
  const { id, body, certificate } = await statementOf(subtle, 'declaration', envelope, certificates)
  const declaration = must('declaration', read('declarationBody', body))
  const isOwn = declaration.publisher === certificate.member && isWithin(certificate, declaration.createdMs) && declaration.federation.equals(federation)
  if (!isOwn) throw new Broken('declaration')
  return { ...declaration, id, certificate }
}
