import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that the system gives to outgoing connections: one of these would be taken again before it is listened on. */
const FROM = 20_000
const TO = 30_000
const TRIES_MAX = 100

/** A port of the loopback address that nobody listens on, for a program that is started in a moment. */
export async function freePort (): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(FROM, TO)
    if (await isFree(port)) return port
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
