import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { countOf, isComplete, pullStep, startPull, type PullInput, type PullState, type Task, type TaskOutcome } from '../../src/core/sync/index.ts'

/** How a peer behaves: honest ones hold all of the feed; the others claim, lie, lose or vanish. */
type Nature = 'honest' | 'boaster' | 'forger' | 'deaf' | 'partial'
const FEED_LENGTH = 300

type World = { state: PullState, nowMs: number, pending: Task[], readonly faulted: Set<string>, steps: number }

describe('the pull of a feed', () => {
  it('ends as a full copy whatever liars, silence and loss there are, and never blames the honest', () => {
    fc.assert(fc.property(
      fc.array(fc.constantFrom<Nature>('honest', 'boaster', 'forger', 'deaf', 'partial'), { minLength: 0, maxLength: 6 }),
      fc.infiniteStream(fc.nat(999)),
      (others, chance) => {
        const natures = new Map<string, Nature>([['p0', 'honest'], ...others.map((nature, at): [string, Nature] => [`p${at + 1}`, nature])])
        const world = play(natures, chance)
        assert.ok(isComplete(world.state), `not complete after ${world.steps} steps: ${countOf(world.state.missing)} missing`)
        assert.equal(world.state.held, FEED_LENGTH)
        for (const peer of world.faulted) assert.equal(natures.get(peer), 'forger')
      }
    ), { numRuns: 300 })
  })

  it('asks again for a segment that was lost after it was complete', () => {
    const complete = run(startPull(10, []), [{ type: 'claim', peer: 'a', length: 10 }]).state
    const { state, asked } = run(complete, [{ type: 'lost', range: [4, 5] }])
    assert.deepEqual(asked.map(({ work }) => work), [{ type: 'segments', ranges: [[4, 5]], length: 10 }])
    assert.equal(isComplete(state), false)
  })

  it('is not moved by a claim alone: a claim without a head is asked about once and then corrected', () => {
    const { state, asked } = run(startPull(5, []), [{ type: 'claim', peer: 'liar', length: 1_000_000 }])
    assert.deepEqual(asked.map(({ work }) => work.type), ['head'])
    const [task] = asked
    assert.ok(task !== undefined)
    const after = run(state, [{ type: 'done', task: task.id, outcome: { type: 'ok', proved: 5 } }])
    assert.equal(after.asked.length, 0)
    assert.ok(isComplete(after.state))
  })

  it('asks for a short tail at once and for long histories leaves first', () => {
    const short = run(startPull(5, []), [{ type: 'headKnown', length: 8 }, { type: 'claim', peer: 'a', length: 8 }])
    assert.deepEqual(short.asked.map(({ work }) => work), [{ type: 'tail', from: 5, length: 8 }])
    const long = run(startPull(0, []), [{ type: 'headKnown', length: 5_000 }, { type: 'claim', peer: 'a', length: 5_000 }])
    assert.deepEqual(long.asked.map(({ work }) => work), [{ type: 'leaves', from: 0, to: 4_096, length: 5_000 }])
  })

  it('takes what others hold where nobody holds what a longer head shows, and is not kept busy by a head that is refused', () => {
    const shown = run(startPull(0, []), [{ type: 'headKnown', length: 8 }, { type: 'claim', peer: 'a', length: 3 }])
    assert.deepEqual(shown.asked.map(({ work }) => work), [{ type: 'head' }])
    const answered: PullInput = { type: 'done', task: shown.asked[0]?.id ?? 0, outcome: { type: 'ok', proved: 3 } }
    const { asked, state } = run(shown.state, [{ type: 'headKnown', length: 3, instead: true }, answered])
    assert.deepEqual(asked.map(({ work }) => work), [{ type: 'tail', from: 0, length: 3 }])
    assert.equal(run(state, [{ type: 'claim', peer: 'b', length: 8 }]).asked[0]?.work.type, 'head')
    assert.equal(run(shown.state, [answered]).asked.length, 0, 'not asked again at once')
    const ahead = run(startPull(0, []), [{ type: 'claim', peer: 'a', length: 3 }])
    const refused: PullInput = { type: 'done', task: ahead.asked[0]?.id ?? 0, outcome: { type: 'ok', proved: 3 } }
    assert.equal(run(ahead.state, [refused]).asked.length, 0, 'nor where it is longer than all that is known')
  })

  it('shares the segments of one feed among its sources', () => {
    const { asked } = run(startPull(600, [[0, 600]]), ['a', 'b', 'c'].map(peer => ({ type: 'claim', peer, length: 600 })))
    assert.deepEqual(asked.map(({ peer }) => peer).toSorted(), ['a', 'a', 'b', 'b', 'c', 'c'])
    const ranges = asked.flatMap(({ work }) => work.type === 'segments' ? work.ranges : [])
    assert.equal(new Set(ranges.map(String)).size, 6)
  })
})

function run (start: PullState, inputs: readonly PullInput[]): { readonly state: PullState, readonly asked: readonly Task[] } {
  const asked: Task[] = []
  let state = start
  for (const input of inputs) {
    const step = pullStep(state, input, 0)
    state = step.state
    asked.push(...step.effects.flatMap(effect => effect.type === 'ask' ? [effect.task] : []))
  }
  return { state, asked }
}

/** Plays a whole replication: chance chooses which answer arrives next, and whether it is lost. */
function play (natures: ReadonlyMap<string, Nature>, chance: fc.Stream<number>): World {
  const dice = chance[Symbol.iterator]()
  const draw = (below: number): number => (dice.next().value ?? 0) % below
  const world: World = { state: startPull(0, []), nowMs: 0, pending: [], faulted: new Set(), steps: 0 }
  const feed = (input: PullInput): void => {
    const step = pullStep(world.state, input, world.nowMs)
    world.state = step.state
    world.pending.push(...step.effects.flatMap(effect => effect.type === 'ask' ? [effect.task] : []))
  }
  for (const [peer, nature] of natures) feed({ type: 'claim', peer, length: nature === 'boaster' ? 9_999_999 : FEED_LENGTH })
  while (!isComplete(world.state) || world.state.held === 0) {
    assert.ok(++world.steps < 20_000, 'the pull does not come to an end')
    world.nowMs += 500
    const task = world.pending.splice(draw(Math.max(1, world.pending.length)), 1)[0]
    if (task === undefined) feed({ type: 'tick' })
    else feed({ type: 'done', task: task.id, outcome: answer(task, natures.get(task.peer) ?? 'deaf', draw, feed, world) })
  }
  return world
}

function answer (
  { peer, work }: Task, nature: Nature, draw: (below: number) => number, feed: (input: PullInput) => void, world: World
): TaskOutcome {
  if (nature === 'deaf' || draw(10) === 0) return { type: 'failed' }
  if (nature === 'forger') {
    world.faulted.add(peer)
    return { type: 'fault' }
  }
  switch (work.type) {
    case 'head':
      if (nature === 'boaster') return { type: 'ok', proved: 0 }
      feed({ type: 'headKnown', length: FEED_LENGTH })
      return { type: 'ok', proved: FEED_LENGTH }
    case 'leaves': case 'tail':
      if (nature !== 'honest') return { type: 'partial' }
      feed({ type: 'leavesHeld', length: FEED_LENGTH, missing: [[0, FEED_LENGTH]] })
      return { type: 'ok' }
    case 'segments': {
      const isWhole = nature === 'honest'
      for (const [from, to] of work.ranges) feed({ type: 'stored', range: [from, isWhole ? to : Math.max(from, to - 1)] })
      return { type: isWhole ? 'ok' : 'partial' }
    }
  }
}
