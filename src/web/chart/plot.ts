import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Colours } from '../parts/index.ts'

/** Points in order of time, in milliseconds; null where there is no value. `isByDay`: times are days, each by its beginning in UTC. */
export type Points = { readonly timesMs: readonly number[], readonly values: readonly (number | null)[], readonly isByDay: boolean }

export type PlotOptions = {
  readonly container: HTMLElement
  readonly colours: Colours
  readonly points: Points
  readonly format: (value: number) => string
  readonly formatTime: (timeMs: number, isWithinDay: boolean) => string
  /** What the pointer stands on. */
  readonly onPoint: (at: number | null) => void
}

const HEIGHT_PX = 240
const DAY_S = 86_400
/** Marks of an axis of days: whole days, weeks, months and years, as far as the library knows how long they are. */
const DAY_STEPS_S = [1, 2, 3, 4, 5, 7, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1_825, 3_650, 9_125, 18_250].map(days => days * DAY_S)
/** Beside a single time, on both sides. */
const AROUND_S = DAY_S
/** With few points each is seen; with many the line is enough. */
const DOTS_UP_TO = 200
/** Beside the last word of the axis of time. */
const MARGIN_PX = 36

export function drawPlot ({ container, colours, points, format, formatTime, onPoint }: PlotOptions): { readonly close: () => void } {
  const grid = { stroke: colours.edge, width: 0.3 }
  const axis: uPlot.Axis = { stroke: colours.soft, grid, ticks: grid, font: '12px system-ui, sans-serif' }
  const width = (): number => Math.max(240, container.clientWidth)
  // Several at one time are of several things: a line would join what does not follow each other.
  const isCrowd = points.timesMs.some((timeMs, at) => at > 0 && timeMs === points.timesMs[at - 1])
  const incrs = points.isByDay ? { incrs: DAY_STEPS_S } : {}
  const [first, last] = [points.timesMs[0] ?? 0, points.timesMs.at(-1) ?? 0]
  const plot = new uPlot({
    ...points.isByDay ? { tzDate: second => uPlot.tzDate(new Date(second * 1_000), 'Etc/UTC') } : {},
    // A single time has no width of its own.
    scales: { x: { range: (_plot, from, to) => from === to ? [from - AROUND_S, to + AROUND_S] : [from, to] } },
    width: width(), height: HEIGHT_PX, padding: [null, MARGIN_PX, null, null], legend: { show: false }, cursor: { y: false, drag: { x: true, y: false } },
    axes: [
      { ...axis, ...incrs, size: 34, space: 120, values: (_plot, splits) => splits.map(second => formatTime(second * 1_000, splits.length > 1 ? (splits[1] ?? 0) - (splits[0] ?? 0) < DAY_S : last - first < DAY_S * 1_000)) },
      { ...axis, size: 64, values: (_plot, splits) => splits.map(format) }
    ],
    series: [{}, { stroke: colours.accent, width: 1.5, ...isCrowd ? { paths: () => null } : {}, points: { show: isCrowd || points.values.length <= DOTS_UP_TO, size: 5, fill: colours.panel } }],
    hooks: { setCursor: [({ cursor }) => { onPoint(cursor.idx ?? null) }] }
  }, [points.timesMs.map(timeMs => timeMs / 1_000), [...points.values]], container)
  const resized = new ResizeObserver(() => { plot.setSize({ width: width(), height: HEIGHT_PX }) })
  resized.observe(container)
  return {
    close: () => {
      resized.disconnect()
      plot.destroy()
    }
  }
}
