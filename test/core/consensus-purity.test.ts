import { strict as assert } from 'node:assert'
import { hex } from '../../src/base/index.ts'
import { step, type Effect, type Input } from '../../src/core/consensus/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { createWorld, type ToyState, type ToyTransaction } from './consensus.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const FOUR = ['ada', 'bo', 'cy', 'di']

/** All that a value says, maps and sets in their order. */
function textOfValue (value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each instanceof Uint8Array) return hex(each)
    if (each instanceof Map) return ['map', ...each]
    if (each instanceof Set) return ['set', ...each]
    return typeof each === 'function' ? 'function' : each
  })
}

describe('step', () => {
  it('leaves every state as it was, through restarts, epochs and silence', () => {
    const world = createWorld(FOUR, ['ed'])
    const seen: { readonly state: unknown, readonly text: string }[] = []
    world.watch.step = (_name, before) => {
      if (seen.length < 3_000) seen.push({ state: before, text: textOfValue(before) })
    }
    world.startAll()
    world.run(1_000)
    world.submit('ada', 'one', 'seats:ada,bo,cy,ed')
    world.run(20_000)
    world.crash('bo')
    world.submit('cy', 'two')
    world.run(20_000)
    world.start('bo')
    world.submit('cy', 'three')
    world.run(20_000)
    assert.ok(seen.length > 200)
    for (const { state, text } of seen) assert.equal(textOfValue(state), text)
  })

  it('gives the same for the same, whatever was asked in between', () => {
    const world = createWorld(FOUR)
    const calls: { readonly run: () => { readonly state: unknown, readonly effects: readonly Effect<ToyState>[] }, readonly text: string }[] = []
    const feed = (name: string, input: Input<ToyTransaction>): void => {
      const who = world.member(name)
      const { state } = who
      assert.ok(state !== undefined)
      const run = () => step(who.rules, state, input)
      calls.push({ run, text: textOfValue(run()) })
    }
    world.startAll()
    world.submit('ada', 'one')
    for (let at = 0; at < 60; at++) {
      world.run(20)
      const now = { monotonicMs: world.nowMs, wallMs: 1_700_000_000_000 + world.nowMs }
      const last = world.sent.at(-1)
      if (last !== undefined) feed(last.to, { type: 'message', peer: world.member(last.from).peer, bytes: last.message, now })
      feed('ada', { type: 'tick', now })
    }
    for (const { run, text } of calls.toReversed()) assert.equal(textOfValue(run()), text)
  })

  it('comes to the same decision in whatever order the votes come', () => {
    const outcomes = new Set<string>()
    for (let order = 0; order < 40; order++) {
      const random = randomFrom(SEED + order)
      const world = createWorld(FOUR, [], { profile: { batchWindowMs: 0 } })
      world.startAll()
      world.run(10_000)
      const held: (() => void)[] = []
      const { passes } = world.network
      world.network.passes = (from, to, bytes) => {
        held.push(() => world.feed(to, { type: 'message', peer: world.member(from).peer, bytes }))
        return false
      }
      world.submit('ada', 'one')
      for (const name of FOUR) world.submit(name, 'one')
      while (held.length > 0) held.splice(Math.floor(random() * held.length), 1)[0]?.()
      world.network.passes = passes
      world.run(30_000)
      outcomes.add(FOUR.map(name => `${world.said(name).join()} ${hex(world.member(name).state?.final.outcome.stateRoot ?? new Uint8Array(0))}`).join(';'))
    }
    assert.equal(outcomes.size, 1, [...outcomes].join('\n'))
  })

  it('takes any bytes from a peer without a throw, and goes on deciding', function () {
    this.timeout(FRAMES_TIMEOUT_MS)
    const random = randomFrom(SEED)
    const world = createWorld(FOUR)
    world.startAll()
    world.run(1_000)
    for (let index = 0; index < 10; index++) {
      world.submit('ada', `text ${index}`)
      world.run(1_000)
    }
    const frames = world.sent.map(each => each.message)
    for (let round = 0; round < framesOf(2_000); round++) {
      const good = frames[Math.floor(random() * frames.length)] ?? new Uint8Array(1)
      world.feed('ada', { type: 'message', peer: world.member('bo').peer, bytes: mutated(good, random) })
    }
    world.submit('bo', 'after')
    world.run(60_000)
    for (const name of FOUR) assert.ok(world.said(name).includes('after'), `seed ${SEED}`)
  })
})
