import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Colours } from '../parts/index.ts'
import type { Kind, Points } from './summary.ts'

export type PlotOptions = {
  readonly container: HTMLElement
  readonly colours: Colours
  readonly points: Points
  readonly kind: Kind
  readonly format: (value: number) => string
  /** Beside others so far apart. */
  readonly formatTime: (timeMs: number, stepMs: number) => string
  /** What the pointer stands on. */
  readonly onPoint: (at: number | null) => void
}

const HEIGHT_PX = 240
const DAY_S = 86_400
/** Marks of an axis of days: whole days, weeks, months and years, as far as the library knows how long they are. */
const DAY_STEPS_S = [1, 2, 3, 4, 5, 7, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1_825, 3_650, 9_125, 18_250].map(days => days * DAY_S)
/** Beside a single time, on both sides. */
const AROUND_S = DAY_S
/** Beside the last word of the axis of time. */
const MARGIN_PX = 48

export type Plot = {
  /** Draws other points of the same kind. */
  readonly show: (points: Points) => void
  readonly close: () => void
}

export function drawPlot ({ container, colours, points, kind, format, formatTime, onPoint }: PlotOptions): Plot {
  const grid = { stroke: colours.edge, width: 0.3 }
  const axis: uPlot.Axis = { stroke: colours.soft, grid, ticks: grid, font: '12px system-ui, sans-serif' }
  const width = (): number => Math.max(240, container.clientWidth)
  const incrs = kind.isByDay ? { incrs: DAY_STEPS_S } : {}
  let shown = points
  const lengthS = (): number => ((shown.timesMs.at(-1) ?? 0) - (shown.timesMs[0] ?? 0)) / 1_000
  const plot = new uPlot({
    ...kind.isByDay ? { tzDate: second => uPlot.tzDate(new Date(second * 1_000), 'Etc/UTC') } : {},
    // A single time has no width of its own.
    scales: { x: { range: (_plot, from, to) => from === to ? [from - AROUND_S, to + AROUND_S] : [from, to] } },
    width: width(), height: HEIGHT_PX, padding: [null, MARGIN_PX, null, null], legend: { show: false }, cursor: { y: false, drag: { x: true, y: false } },
    axes: [
      { ...axis, ...incrs, size: 34, space: 120, values: (_plot, splits) => splits.map(second => formatTime(second * 1_000, 1_000 * (splits.length > 1 ? (splits[1] ?? 0) - (splits[0] ?? 0) : lengthS()))) },
      { ...axis, size: 64, values: (_plot, splits) => splits.map(format) }
    ],
    series: [{}, { stroke: colours.accent, width: 1.5, ...kind.isCrowd ? { paths: () => null } : {}, points: { show: kind.hasDots, size: 5, fill: colours.panel } }],
    hooks: { setCursor: [({ cursor }) => { onPoint(cursor.idx ?? null) }] }
  }, dataOf(points), container)
  const resized = new ResizeObserver(() => { plot.setSize({ width: width(), height: HEIGHT_PX }) })
  resized.observe(container)
  return {
    show: other => {
      shown = other
      plot.setData(dataOf(other))
    },
    close: () => {
      resized.disconnect()
      plot.destroy()
    }
  }
}

function dataOf ({ timesMs, values }: Points): uPlot.AlignedData {
  return [timesMs.map(timeMs => timeMs / 1_000), [...values]]
}
