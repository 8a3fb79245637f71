import { strict as assert } from 'node:assert'
import { decodeMessage, splitMessages, type Message } from '../../src/core/consensus/index.ts'
import { leaderOf, voteSignBytes, type Vote, type VoteType } from '../../src/core/finality/index.ts'
import { createWorld, FEDERATION, keyOf, PROFILE, type World } from './consensus.fixture.ts'

export const FOUR = ['ada', 'bo', 'cy', 'di'] as const

export function read (bytes: Uint8Array): Message {
  const [frame] = splitMessages(bytes) ?? []
  assert.ok(frame !== undefined)
  const message = decodeMessage(frame, PROFILE.bodyBytesMax)
  assert.ok(message.ok)
  return message.value
}

export function isVote (message: Message, type: VoteType): boolean {
  return message.kind === 'vote' && message.vote.type === type
}

export function isCert (message: Message, type: VoteType): boolean {
  return (message.kind === 'cert' && message.cert.type === type) || (message.kind === 'certs' && message.certs.some(each => each.type === type))
}

/** Names by seat, beginning with the leader of a view. */
export function fromLeader (world: World, view: number): readonly [string, string, string, string] {
  const { state } = world.member('ada')
  assert.ok(state !== undefined)
  const { set, base, nodes } = state.epoch
  const leader = [...world.members.values()].find(each => each.peer === nodes[leaderOf(set, base.digest, view)])
  assert.ok(leader !== undefined)
  const [second, third, fourth] = FOUR.filter(name => name !== leader.name)
  assert.ok(second !== undefined && third !== undefined && fourth !== undefined)
  return [leader.name, second, third, fourth]
}

export function stateOf (world: World, name: string) {
  const { state } = world.member(name)
  assert.ok(state !== undefined)
  return state
}

/** A vote as the holder of a key could make it, engine or not. */
export function voteBy (world: World, name: string, fields: Omit<Vote, 'signer' | 'signature'>): Vote {
  const epoch = [...world.members.values()].find(each => each.state !== undefined)?.state?.epoch
  assert.ok(epoch !== undefined)
  const signer = epoch.nodes.indexOf(world.member(name).peer)
  return { ...fields, signer, signature: keyOf(name).sign(voteSignBytes(FEDERATION, fields)) }
}

export function started (profile = {}): World {
  const world = createWorld(FOUR, [], { profile })
  world.startAll()
  world.run(10_000)
  return world
}
