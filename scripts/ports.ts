import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Tests run two files at a time, and a node that is down for a while finds its port free again: each worker has ports of its own. */
const WORKERS = 4
const WORKER = Number(process.env['MOCHA_WORKER_ID'] ?? 0) % WORKERS
/** Below the ports that the system gives to outgoing connections: one of these would be taken again before it is listened on. */
const FROM = 20_000
const TO = 30_000
const TRIES_MAX = 100
const SHARE = (TO - FROM) / WORKERS
/** Whoever had one before may want it back. */
const given = new Set<number>()

/** A port of the loopback address that nobody listens on, for a program that is started in a moment. */
export async function freePort (): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = FROM + WORKER * SHARE + randomInt(SHARE)
    if (given.has(port) || !await isFree(port)) continue
    given.add(port)
    return port
  }
  throw new Error(`no free port between ${FROM} and ${TO} on the loopback address`)
}

function isFree (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
