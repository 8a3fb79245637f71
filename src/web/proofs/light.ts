/** The ledger's proof: from the charter to a final block, and from it down to the record that it anchors. */
import { concat, decodeMapProof, encodeCanonical, equalBytes, hex, leafHash, sha256, verifyInclusion, verifyMapProof } from '../../base/index.ts'
import { blockOf, finalBlock, genesisOf, nextAnchor, type Block } from './finality.ts'
import { read, type Form } from './forms.ts'
import { certificateOf, declarationOf, isWithin, type Certificate, type Charter } from './members.ts'
import type { Shown, Told } from './proof.ts'
import { placeRecord } from './record.ts'
import { isSigned, type Verifying } from './signing.ts'
import { Broken, held, must } from './steps.ts'

type Subject = Form<'lightProof'>['subject']
type Row = Extract<Subject, { readonly kind: 'state' }>['state']
type Place = Extract<Subject, { readonly kind: 'operation' }>['place']

/** The table of members in the state. */
const MEMBER_TABLE = 6

export async function verifyLight (subtle: Verifying, charter: Charter, { seals, finality, subject }: Form<'lightProof'>, told: Told): Promise<Shown | null> {
  let anchor = genesisOf(charter)
  for (const seal of seals) anchor = await nextAnchor(subtle, anchor, seal)
  told(held('seals', { count: seals.length }))
  const { block: newest, signers, validators } = await finalBlock(subtle, 'finality', anchor, finality)
  told(held('finality', { signers, count: validators, height: newest.header.height, time: newest.header.timeMs }, [hex(newest.digest)]))
  if (subject.kind === 'state') {
    if (!holds(newest.header.stateRoot, subject.state)) throw new Broken('state')
    told(held('state', { height: newest.header.height }, [hex(subject.state.key)]))
    return null
  }
  const block = under(newest, subject.older)
  told(held('block', { height: block.header.height, time: block.header.timeMs }, [hex(block.digest)]))
  const body = transactionIn(block, subject.place)
  const author = charter.founders.find(({ member }) => member === body.author)?.name ?? body.author
  told(held('transaction', { author }, [hex(idOf(subject.place))]))
  if (subject.kind === 'record') return await recordIn(subtle, charter, newest, block, body.author, subject, told)
  told(held('operation', { author }))
  return null
}

/** The log of a header holds every block below it. */
function under (newest: Block, older: Extract<Subject, { readonly kind: 'operation' }>['older']): Block {
  if (older === null) return newest
  const block = must('block', blockOf(older.header))
  const isBelow = block.header.federation.equals(newest.header.federation) &&
    verifyInclusion(newest.header.logRoot, leafHash(block.digest), block.header.height, newest.header.height, older.path)
  if (!isBelow) throw new Broken('block')
  return block
}

function idOf ({ transaction: { body, cert, signature } }: Place): Uint8Array {
  return sha256(encodeCanonical({ body, cert, signature }))
}

function transactionIn ({ header }: Block, place: Place): Form<'transactionBody'> {
  const body = must('transaction', read('transactionBody', place.transaction.body))
  const isIn = body.federation.equals(header.federation) && leadsTo(header.bodyRoot, leafHash(idOf(place)), place.bodyPath)
  if (!isIn || !verifyInclusion(body.opsRoot, leafHash(place.operation), place.index, body.opsCount, place.path)) throw new Broken('transaction')
  return body
}

/** Bit i of `turns`: the i-th sibling stands on the left. */
function leadsTo (root: Uint8Array, leaf: Uint8Array, { turns, siblings }: Place['bodyPath']): boolean {
  if (turns >= 2 ** siblings.length) return false
  const reached = siblings.reduce((node, sibling, at) => {
    const isLeft = Math.floor(turns / 2 ** at) % 2 === 1
    return sha256(concat([Uint8Array.of(1), ...isLeft ? [sibling, node] : [node, sibling]]))
  }, leaf)
  return equalBytes(reached, root)
}

async function recordIn (
  subtle: Verifying, charter: Charter, newest: Block, block: Block, author: string,
  { place, record: placed, declaration: envelope, certificates: envelopes, member }: Extract<Subject, { readonly kind: 'record' }>, told: Told
): Promise<Shown> {
  const certificates: Certificate[] = []
  for (const each of envelopes) certificates.push(await certificateOf(subtle, each, block.header.federation))
  const declaration = await declarationOf(subtle, envelope, certificates, block.header.federation)
  const { publisher, datasetId } = declaration
  const founder = charter.founders.find(each => each.member === publisher)
  const name = founder?.name ?? publisher
  told(held('declaration', { member: name, dataset: datasetId, time: declaration.createdMs }, [declaration.id.toString()]))
  const { body, cert, signature } = place.transaction
  const signer = must('author', certificates.find(({ id }) => id.equals(cert)))
  const isOwn = author === publisher && signer.member === publisher && await isSigned(subtle, signer.nodeKey, body, signature)
  if (!isOwn || !isWithin(declaration.certificate, declaration.createdMs)) throw new Broken('author')
  told(held('author', { member: name }, [cert.toString()]))
  const anchored = must('anchor', read('anchorOperation', place.operation))[1].find(([feed]) => feed.equals(declaration.id))
  const [, length, root] = must('anchor', anchored)
  told(held('anchor', { count: length, dataset: datasetId }, [hex(root)]))
  const number = placeRecord(root, length, placed, told)
  // A founder stands in the charter; of others the state of the ledger tells.
  const isMember = member === null ? founder !== undefined
    : founder === undefined && member.value !== null && equalBytes(member.key, encodeCanonical([MEMBER_TABLE, publisher])) && holds(newest.header.stateRoot, member)
  if (!isMember) throw new Broken('member')
  told(held('member', { member: name }))
  return { datasetId, publisher: name, number, record: placed.record }
}

function holds (stateRoot: Uint8Array, { key, value, proof }: Row): boolean {
  const decoded = decodeMapProof(proof)
  return decoded.ok && verifyMapProof(stateRoot, key, value ?? undefined, decoded.value)
}
