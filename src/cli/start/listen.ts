import type { Listen } from '../../api/index.ts'

/** Host and port of a setting such as `[::1]:7480`. */
export function listenOf (address: string): Listen {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}
