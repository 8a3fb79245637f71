import { strict as assert } from 'node:assert'
import { isFlowing, openTransfer, requestTransfer, stepTransfer, type TransferInput, type TransferMove } from '../../src/core/agreement/index.ts'
import { CONSUMER_ADDRESS, CONSUMER_PID, NOW_MS, PROVIDER_ADDRESS, PROVIDER_PID } from './agreement.fixture.ts'
import { PIDS, TRANSFER } from './agreement-process.fixture.ts'

describe('a transfer', () => {
  it('flows while it is started and nothing is under way that would stop it, from where the provider says', () => {
    const dataAddress = { endpointType: 'https://w3id.org/idsa/v4.1/HTTP', endpoint: 'https://a.example', properties: [] }
    const { state: requestedTransfer } = requestTransfer({
      peer: 'p', peerAddress: PROVIDER_ADDRESS, ownAddress: CONSUMER_ADDRESS, consumerPid: CONSUMER_PID, agreementId: 'urn:uuid:a', format: 'HttpData-PULL',
      dataAddress: null, messageId: 'urn:uuid:first', nowMs: NOW_MS
    })
    const started = stepTransfer(requestedTransfer, {
      type: 'message', message: { type: 'TransferStartMessage', id: 'urn:uuid:s', ...PIDS, dataAddress }, nowMs: NOW_MS
    }).state
    assert.deepEqual([isFlowing(requestedTransfer), isFlowing(started), started.source], [false, true, dataAddress])
    const stopping = stepTransfer(started, { type: 'decided', move: { do: 'suspend', code: 'x', reason: [] }, messageId: 'urn:uuid:m', nowMs: NOW_MS }).state
    assert.equal(isFlowing(stopping), false, 'before the other side has heard of it')
  })

  it('that both sides suspend at once is suspended, whoever is heard first, and starts again', () => {
    const opening = openTransfer({ peer: 'c', peerAddress: CONSUMER_ADDRESS, ownPid: PROVIDER_PID, message: TRANSFER, nowMs: NOW_MS }).state
    const run = (input: TransferInput, from: typeof opening): typeof opening => stepTransfer(from, input).state
    const move = (chosen: TransferMove, messageId: string): TransferInput => ({ type: 'decided', move: chosen, messageId, nowMs: NOW_MS })
    const ack = (messageId: string): TransferInput => ({ type: 'acknowledged', messageId, pid: CONSUMER_PID, nowMs: NOW_MS })
    const started = run(ack('urn:uuid:1'), run(move({ do: 'start', dataAddress: null }, 'urn:uuid:1'), opening))
    const suspending = run(move({ do: 'suspend', code: 'x', reason: [] }, 'urn:uuid:2'), started)
    const theirs: TransferInput = {
      type: 'message', message: { type: 'TransferSuspensionMessage', id: 'urn:uuid:s', ...PIDS, code: null, reason: [] }, nowMs: NOW_MS
    }
    const both = run(theirs, suspending)
    assert.deepEqual([both.state, both.outgoing?.target], ['SUSPENDED', 'SUSPENDED'])
    const settled = run(ack('urn:uuid:2'), both)
    assert.deepEqual([settled.state, settled.outgoing], ['SUSPENDED', null])
    const oursFirst = stepTransfer(run(ack('urn:uuid:2'), suspending), theirs)
    assert.deepEqual([oursFirst.state.state, oursFirst.effects.some(each => each.type === 'answer' && each.status === 200)], ['SUSPENDED', true])
    const twice = stepTransfer(oursFirst.state, {
      ...theirs, message: { type: 'TransferSuspensionMessage', id: 'urn:uuid:s2', ...PIDS, code: null, reason: [] }
    })
    assert.equal(twice.effects.some(each => each.type === 'answer' && each.status === 400), true, 'once: after that it has heard ours')
    assert.equal(run(ack('urn:uuid:3'), run(move({ do: 'start', dataAddress: null }, 'urn:uuid:3'), settled)).state, 'STARTED')
  })
})
