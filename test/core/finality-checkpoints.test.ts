import { strict as assert } from 'node:assert'
import {
  decodeCheckpoint, encodeCheckpoint, trustedCheckpoint, TRUST_PERIOD_MS, type Checkpoint
} from '../../src/core/finality/index.ts'
import { digestNamed, FEDERATION, OTHER_FEDERATION } from './finality.fixture.ts'
import { cities, codeOf, DAY_MS, FOUNDED_MS, valueOf } from './identity.fixture.ts'

const NOW_MS = FOUNDED_MS + 400 * DAY_MS
const [ada, ben, cyd] = cities(3).map(({ did }) => did) as [string, string, string]
const checkpointAt = (height: number, changes: Partial<Checkpoint> = {}): Checkpoint => ({
  federation: FEDERATION, epoch: 3, height, digest: digestNamed(`block ${height}`), validatorsHash: digestNamed('validators'),
  timeMs: NOW_MS - DAY_MS, ...changes
})
type Said = Parameters<typeof trustedCheckpoint>[0]
const judge = (said: Said, isInvitation = false): string => codeOf(trustedCheckpoint(said, FEDERATION, NOW_MS, isInvitation))
const by = (member: string, checkpoint: Checkpoint): Said[number] => ({ member, checkpoint })

describe('finality: checkpoints', () => {
  it('are read as they were written', () => {
    assert.deepEqual(valueOf(decodeCheckpoint(encodeCheckpoint(checkpointAt(9)))), checkpointAt(9))
    assert.equal(codeOf(decodeCheckpoint(new Uint8Array(2_000))), 'too-large')
  })

  it('count when two members say the same, and not when one says it twice', () => {
    assert.equal(judge([]), 'too-few')
    assert.equal(judge([by(ada, checkpointAt(9))]), 'too-few')
    assert.equal(judge([by(ada, checkpointAt(9)), by(ada, checkpointAt(9))]), 'too-few')
    assert.equal(judge([by(ada, checkpointAt(9)), by(ben, checkpointAt(8))]), 'too-few')
    assert.equal(judge([by(ada, checkpointAt(9)), by(ben, checkpointAt(9))]), 'ok')
  })

  it('need one voice only if it is the one that invited', () => {
    assert.equal(judge([by(ada, checkpointAt(9))], true), 'ok')
    assert.equal(judge([], true), 'too-few')
  })

  it('are taken from the newest height on which two agree', () => {
    const said = [by(ada, checkpointAt(12)), by(ben, checkpointAt(9)), by(cyd, checkpointAt(9)), by(ben, checkpointAt(5)), by(cyd, checkpointAt(5))]
    assert.deepEqual(valueOf(trustedCheckpoint(said, FEDERATION, NOW_MS, false)), checkpointAt(9))
    assert.deepEqual(valueOf(trustedCheckpoint(said.toReversed(), FEDERATION, NOW_MS, false)), checkpointAt(9))
  })

  it('of two histories at one height are an alarm, whatever else is said', () => {
    const said = [by(ada, checkpointAt(9)), by(ben, checkpointAt(9))]
    for (const changes of [{ digest: digestNamed('another') }, { validatorsHash: digestNamed('others') }, { epoch: 4 }, { timeMs: NOW_MS }]) {
      assert.equal(judge([...said, by(cyd, checkpointAt(9, changes))]), 'contradiction')
      assert.equal(judge([by(cyd, checkpointAt(9, changes)), ...said], true), 'contradiction')
    }
    assert.equal(judge([...said, by(cyd, checkpointAt(9, { federation: OTHER_FEDERATION }))]), 'ok', 'another federation says nothing here')
    const foreign = checkpointAt(9, { federation: OTHER_FEDERATION })
    assert.equal(judge([by(ada, foreign), by(ben, foreign)]), 'too-few')
  })

  it('older than keys can be trusted for prove nothing, nor do those from the future', () => {
    const aged = (ageMs: number): string => {
      const checkpoint = checkpointAt(9, { timeMs: NOW_MS - ageMs })
      return judge([by(ada, checkpoint), by(ben, checkpoint)])
    }
    assert.equal(TRUST_PERIOD_MS, 30 * DAY_MS)
    assert.equal(aged(TRUST_PERIOD_MS), 'ok')
    assert.equal(aged(TRUST_PERIOD_MS + 1), 'too-old')
    assert.equal(aged(-DAY_MS), 'ok', 'clocks differ')
    assert.equal(aged(-DAY_MS - 1), 'too-old')
  })

  it('cannot be dated anew by one member: an old history stays old', () => {
    const old = checkpointAt(9, { timeMs: NOW_MS - 300 * DAY_MS })
    for (const said of [[by(ada, old), by(ben, checkpointAt(9))], [by(ben, checkpointAt(9)), by(ada, old)]]) {
      assert.equal(judge(said), 'contradiction')
    }
  })
})
