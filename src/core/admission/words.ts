import { wordlist } from '@scure/bip39/wordlists/english.js'
import { assert, encodeCanonical, hex, sha256, type CID } from '../../base/index.ts'
import type { Did } from '../identity/index.ts'

const WORDS = 4
const WORD_BITS = 11
const BYTES_READ = 6

/** Whose application to what, with whose ticket. */
export type Applied = {
  /** The id of the federation; while it is still to be founded, that of the ticket for its founders. */
  readonly to: CID
  readonly applicant: Did
  readonly inviter: Did
}

/** The four words that applicant and inviter both see, to be read aloud on the telephone. */
export function fourWords ({ to, applicant, inviter }: Applied): readonly string[] {
  const digest = sha256(encodeCanonical({ v: 1, kind: 'four-words', to, applicant, inviter }))
  const bits = BigInt(`0x${hex(digest.subarray(0, BYTES_READ))}`) >> BigInt(BYTES_READ * 8 - WORDS * WORD_BITS)
  return Array.from({ length: WORDS }, (_, at) => {
    const word = wordlist[Number(BigInt.asUintN(WORD_BITS, bits >> BigInt((WORDS - 1 - at) * WORD_BITS)))]
    assert(word !== undefined, 'the list has a word for each number of 11 bits')
    return word
  })
}
