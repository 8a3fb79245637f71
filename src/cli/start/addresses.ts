import { networkInterfaces } from 'node:os'
import type { Listen } from '../../api/index.ts'

const ANNOUNCED_MAX = 4

/**
 * What others are told where a listen address means "all of this machine": the addresses of its network cards, those of
 * the loopback only where there is no other.
 */
export function announced (listen: readonly string[], announce: readonly string[]): readonly string[] {
  if (announce.length > 0) return announce.slice(0, ANNOUNCED_MAX)
  const cards = Object.values(networkInterfaces()).flatMap(card => card ?? [])
  const addresses = listen.flatMap(address => {
    const family = address.startsWith('/ip4/0.0.0.0/') ? 'IPv4' : address.startsWith('/ip6/::/') ? 'IPv6' : undefined
    if (family === undefined) return [address]
    const fitting = cards.filter(card => card.family === family && !(card.family === 'IPv6' && card.scopeid !== 0))
    const outside = fitting.filter(card => !card.internal)
    const [, protocol, any] = address.split('/')
    return (outside.length > 0 ? outside : fitting).map(card => address.replace(`/${protocol}/${any}/`, `/${protocol}/${card.address}/`))
  })
  return addresses.slice(0, ANNOUNCED_MAX)
}

/** Applicants come in at the hosts that members are told, on the port of the join listener. */
export function joinAnnounced (listen: readonly string[], announce: readonly string[]): readonly string[] {
  const port = /\/tcp\/\d+$/.exec(listen[0] ?? '')?.[0]
  return announced(listen, port === undefined || port === '/tcp/0' ? [] : announce.map(address => address.replace(/\/tcp\/\d+$/, port)))
}

/** Host and port of a setting such as `[::1]:7480`. */
export function listenOf (address: string): Listen {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}
