import { forceCollide, forceLink, forceManyBody, forceSimulation, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force'
import type { MemberRow } from './members.ts'

export const WIDTH = 360
export const HEIGHT = 200
const MARGIN = 32
const TICKS = 200
const NAME_CHARACTERS_MAX = 18

type Dot = SimulationNodeDatum & { readonly row: MemberRow }
export type Placed = { readonly row: MemberRow, readonly label: string, readonly x: number, readonly y: number }

/** Where the members stand: this node in the middle, those it reaches near. Reckoned at once: nothing moves. */
export function placed (rows: readonly MemberRow[]): readonly Placed[] {
  const dots: Dot[] = rows.map(row => row.reach === 'self' ? { row, fx: WIDTH / 2, fy: HEIGHT / 2 } : { row })
  const self = dots.find(({ row }) => row.reach === 'self')
  const links: SimulationLinkDatum<Dot>[] = self === undefined ? [] : dots.filter(dot => dot !== self).map(dot => ({ source: self, target: dot }))
  const near = (link: SimulationLinkDatum<Dot>): number => typeof link.target === 'object' && link.target.row.reach === 'reachable' ? 70 : 90
  forceSimulation(dots)
    .force('link', forceLink(links).distance(near))
    .force('charge', forceManyBody().strength(-300))
    .force('room', forceCollide(32))
    .stop().tick(TICKS)
  return dots.map(({ row, x = WIDTH / 2, y = HEIGHT / 2 }) => ({ row, label: shortened(row.name), x: within(x, WIDTH), y: within(y, HEIGHT) }))
}

function within (value: number, size: number): number {
  return Math.round(Math.max(MARGIN, Math.min(size - MARGIN, value)))
}

function shortened (name: string): string {
  return name.length <= NAME_CHARACTERS_MAX ? name : `${name.slice(0, NAME_CHARACTERS_MAX - 1)}…`
}
