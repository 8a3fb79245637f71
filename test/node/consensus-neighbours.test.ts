import { strict as assert } from 'node:assert'
import { joinMessages, splitMessages } from '../../src/core/consensus/index.ts'
import type { Clock, Peer } from '../../src/host/index.ts'
import { CONSENSUS_PROTOCOL, LEDGER_PROTOCOL, Neighbours } from '../../src/node/consensus/neighbours.ts'

const KEY = new Uint8Array(32).fill(7)
const NAME = '07'.repeat(32)
const VOTE = 1
const PUT = 16

type Setting = {
  readonly neighbours: Neighbours
  readonly peer: Peer
  readonly notes: { readonly protocol: string, readonly body: Uint8Array }[]
  readonly said: string[]
  readonly heard: Uint8Array[]
  readonly blames: string[]
  readonly counts: Map<string, number>
  readonly clock: { nowMs: number, readonly wakes: (() => void)[] }
  isFull: boolean
}

function setUp (): Setting {
  const [notes, said, heard, blames]: [Setting['notes'], string[], Uint8Array[], string[]] = [[], [], [], []]
  const counts = new Map<string, number>()
  const time: Setting['clock'] = { nowMs: 0, wakes: [] }
  const clock: Clock = {
    nowMs: () => time.nowMs, monotonicMs: () => time.nowMs,
    wake: (_delayMs, run) => {
      time.wakes.push(run)
      return () => {}
    }
  }
  const neighbours = new Neighbours({
    clock, open: (name, instance) => said.push(`open ${name.slice(0, 2)} ${instance}`), close: name => said.push(`close ${name.slice(0, 2)}`),
    message: (_name, bytes) => heard.push(bytes), request: () => Promise.resolve(), count: (metric, by) => counts.set(metric, (counts.get(metric) ?? 0) + by)
  })
  const setting: Setting = {
    neighbours, notes, said, heard, blames, counts, clock: time, isFull: false,
    peer: {
      peerId: 'peer', request: () => { throw new Error('nothing is requested') }, drop: () => {}, blame: reason => { blames.push(reason) },
      note: (protocol, body) => {
        if (setting.isFull) return false
        notes.push({ protocol, body })
        return true
      }
    }
  }
  neighbours.greeted('peer', KEY, new Uint8Array([1]))
  neighbours.up(setting.peer)
  return setting
}

const opened = ({ neighbours, peer }: Setting): void => neighbours.handlers[CONSENSUS_PROTOCOL]?.opened?.(peer)
const note = ({ neighbours, peer }: Setting, body: Uint8Array, protocol = CONSENSUS_PROTOCOL): void => neighbours.handlers[protocol]?.note(peer, body)

describe('neighbours of consensus', () => {
  it('are told of when their stream is there, again when it is another or another process speaks, and when they go', () => {
    const setting = setUp()
    assert.deepEqual(setting.said, [], 'a connection alone carries no votes')
    opened(setting)
    opened(setting)
    setting.neighbours.greeted('peer', KEY, new Uint8Array([1]))
    setting.neighbours.greeted('peer', KEY, new Uint8Array([2]))
    setting.neighbours.down(setting.peer)
    assert.deepEqual(setting.said, ['open 07 01', 'open 07 01', 'open 07 02', 'close 07'])
  })

  it('get what one turn says in one frame, votes and bulk apart', () => {
    const setting = setUp()
    const messages = [1, 2, 3].map(number => new Uint8Array([VOTE, number]))
    for (const message of messages) setting.neighbours.send(NAME, 'fast', message)
    setting.neighbours.send(NAME, 'bulk', new Uint8Array([PUT, 9]))
    assert.equal(setting.notes.length, 0)
    setting.neighbours.flush()
    assert.deepEqual(setting.notes.map(({ protocol }) => protocol), [CONSENSUS_PROTOCOL, LEDGER_PROTOCOL])
    assert.deepEqual(splitMessages(setting.notes[0]?.body ?? new Uint8Array(0)), messages)
    assert.equal(setting.counts.get('hanse_ledger_messages_sent_total{lane="fast"}'), 3)
    setting.neighbours.flush()
    assert.equal(setting.notes.length, 2)
  })

  it('get large messages in frames of their own, in order', () => {
    const setting = setUp()
    const messages = [10, 300_000, 10, 200_000, 100_000, 10].map((size, number) => new Uint8Array(size).fill(number + 1))
    for (const message of messages) setting.neighbours.send(NAME, 'fast', message)
    setting.neighbours.flush()
    assert.deepEqual(setting.notes.flatMap(({ body }) => splitMessages(body) ?? []), messages)
  })

  it('begin anew after one took no more, so that a status tells what it missed', () => {
    const setting = setUp()
    opened(setting)
    setting.isFull = true
    setting.neighbours.send(NAME, 'fast', new Uint8Array([VOTE]))
    setting.neighbours.send(NAME, 'bulk', new Uint8Array([PUT]))
    setting.neighbours.flush()
    assert.equal(setting.clock.wakes.length, 1)
    setting.clock.wakes[0]?.()
    assert.deepEqual(setting.said, ['open 07 01', 'open 07 01'])
    assert.equal(setting.counts.get('hanse_ledger_messages_refused_total{lane="bulk"}'), 1)
  })

  it('are heard within limits: a flood of one kind is dropped, other kinds still come through, and later it again', () => {
    const setting = setUp()
    for (let number = 0; number < 10_000; number++) note(setting, new Uint8Array([VOTE]))
    const taken = setting.heard.length
    assert.ok(taken < 10_000)
    assert.equal(setting.counts.get('hanse_ledger_messages_dropped_total'), 10_000 - taken)
    note(setting, new Uint8Array([PUT]), LEDGER_PROTOCOL)
    assert.equal(setting.heard.length, taken + 1)
    setting.clock.nowMs += 1_000
    note(setting, new Uint8Array([VOTE]))
    assert.equal(setting.heard.length, taken + 2)
    const large = new Uint8Array(4_000_000).fill(PUT)
    for (let number = 0; number < 100; number++) note(setting, large, LEDGER_PROTOCOL)
    assert.ok(setting.heard.length < taken + 2 + 100, 'bytes are limited too')
  })

  it('blame whoever sends frames that cannot be taken apart, and hear nobody who is not there', () => {
    const setting = setUp()
    note(setting, joinMessages([new Uint8Array([VOTE, 1]), new Uint8Array([VOTE, 2])]).slice(0, -1))
    assert.equal(setting.blames.length, 1)
    setting.neighbours.down(setting.peer)
    note(setting, new Uint8Array([VOTE]))
    setting.neighbours.send(NAME, 'fast', new Uint8Array([VOTE]))
    setting.neighbours.flush()
    assert.deepEqual([setting.heard.length, setting.notes.length], [0, 0])
  })
})
