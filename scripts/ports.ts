import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that the system gives to outgoing connections: one of these would be taken again before it is listened on. */
const FROM = 20_000
const TO = 30_000
/** Many processes take ports at once: workers of the tests, and what they start. Each takes blocks that no other has. */
const BLOCK = 50
const BLOCKS = (TO - FROM) / BLOCK

/** Whoever had a port before may want it back: none is given twice. */
const blocks = new Set<number>()
const left: number[] = []
let claiming: Promise<void> | undefined

/** A port of the loopback address that nobody listens on, for a program that is started in a moment, or again after a while. */
export async function freePort (): Promise<number> {
  for (;;) {
    const port = left.pop()
    if (port === undefined) await (claiming ??= claimBlock().finally(() => { claiming = undefined }))
    else if (await canListen({ host: '127.0.0.1', port })) return port
  }
}

async function claimBlock (): Promise<void> {
  const first = randomInt(BLOCKS)
  for (let tries = 0; tries < BLOCKS; tries++) {
    const block = (first + tries) % BLOCKS
    if (blocks.has(block) || !await isOurs(block)) continue
    blocks.add(block)
    left.push(...Array.from({ length: BLOCK }, (_, at) => FROM + block * BLOCK + at))
    return
  }
  throw new Error(`no free port between ${FROM} and ${TO} on the loopback address`)
}

/** A socket of this name, which the system takes away with the process. It has such names on Linux alone; elsewhere chance keeps processes apart. */
async function isOurs (block: number): Promise<boolean> {
  return process.platform !== 'linux' || await canListen({ path: `\0hanse-ports-${block}` }, true)
}

function canListen (where: { readonly host: string, readonly port: number } | { readonly path: string }, isHeld = false): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(where, () => {
      if (!isHeld) return server.close(() => resolve(true))
      server.unref()
      resolve(true)
    })
  })
}
