import type { Clock, Random } from '../index.ts'

/** `setTimeout` runs at once when it is asked for more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1
/** What the Web Crypto API gives in one call. */
const RANDOM_BYTES_MAX = 65_536

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  wake (delayMs, run) {
    if (delayMs <= 0) {
      // With `unref` the loop would not run it, but wait for the next timer or packet first.
      const turn = setImmediate(run)
      return () => clearImmediate(turn)
    }
    let timer: NodeJS.Timeout
    const arm = (restMs: number): void => {
      const stepMs = Math.min(restMs, TIMEOUT_MS_MAX)
      timer = setTimeout(() => restMs > stepMs ? arm(restMs - stepMs) : run(), stepMs).unref()
    }
    arm(delayMs)
    return () => clearTimeout(timer)
  }
}

export const systemRandom: Random = {
  bytes (sizeBytes) {
    const bytes = new Uint8Array(sizeBytes)
    for (let at = 0; at < sizeBytes; at += RANDOM_BYTES_MAX) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(sizeBytes, at + RANDOM_BYTES_MAX)))
    }
    return bytes
  }
}
