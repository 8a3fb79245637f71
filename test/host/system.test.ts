import { strict as assert } from 'node:assert'
import { systemClock, systemRandom } from '../../src/host/system/index.ts'

describe('the real clock', () => {
  it('tells the time, and a second time that never goes back', () => {
    assert.ok(Math.abs(systemClock.nowMs() - Date.now()) < 1_000)
    let last = systemClock.monotonicMs()
    for (let i = 0; i < 1_000; i++) {
      const next = systemClock.monotonicMs()
      assert.ok(next >= last)
      last = next
    }
  })

  it('wakes in time, not when it was cancelled, and not at once for delays that timers cannot hold', async () => {
    const woken: string[] = []
    const cancels = [systemClock.wake(1, () => woken.push('cancelled')), systemClock.wake(2 ** 40, () => woken.push('far'))]
    cancels[0]?.()
    systemClock.wake(1, () => woken.push('near'))
    await new Promise<void>(resolve => {
      const look = setInterval(() => {
        if (woken.length === 0) return
        clearInterval(look)
        resolve()
      }, 2)
    })
    cancels[1]?.()
    assert.deepEqual(woken, ['near'])
  })

  it('wakes after no delay at all while the process has nothing else to do, and not with whatever happens next', async () => {
    const first = await new Promise<string>(resolve => {
      const other = setTimeout(() => { resolve('something else') }, 30_000)
      // From a timer, so that the loop goes on to wait when this turn is over.
      setTimeout(() => {
        systemClock.wake(0, () => {
          systemClock.wake(0, () => {
            clearTimeout(other)
            resolve('woken')
          })
        })
      }, 1)
    })
    assert.equal(first, 'woken')
  })
})

describe('real chance', () => {
  it('gives as many bytes as asked for, beyond what one call of the system gives', () => {
    for (const size of [0, 1, 32, 65_536, 65_537, 200_000]) {
      const bytes = systemRandom.bytes(size)
      assert.equal(bytes.length, size)
      if (size >= 32) assert.ok(bytes.subarray(-32).some(byte => byte !== 0))
    }
    assert.notDeepEqual(systemRandom.bytes(32), systemRandom.bytes(32))
  })
})
