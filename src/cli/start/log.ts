import pino from 'pino'
import type { Log } from '../../host/index.ts'

const FACT_LENGTH_MAX = 300

/** One JSON line an event, to stderr. Facts are short and printable whatever a neighbour sent; bodies and tokens are never facts. */
export function createLog (level: 'debug' | 'info' | 'warn' | 'error' | 'silent', member: string): Log {
  const logger = pino({ level, base: { member } }, pino.destination({ fd: 2, sync: true }))
  return (at, message, facts = {}) => {
    const clean = Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value])
    logger[at](Object.fromEntries(clean), message)
  }
}

function printable (text: string): string {
  return text.slice(0, FACT_LENGTH_MAX).replaceAll(/\p{Cc}/gu, ' ')
}
