import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Colours } from '../parts/index.ts'

/** Points in order of time, in milliseconds; null where there is no value. */
export type Points = { readonly timesMs: readonly number[], readonly values: readonly (number | null)[] }

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
  const [first, last] = [points.timesMs[0] ?? 0, points.timesMs.at(-1) ?? 0]
  const plot = new uPlot({
    width: width(), height: HEIGHT_PX, padding: [null, MARGIN_PX, null, null], legend: { show: false }, cursor: { y: false, drag: { x: true, y: false } },
    axes: [
      { ...axis, space: 90, values: (_plot, splits) => splits.map(second => formatTime(second * 1_000, splits.length > 1 ? (splits[1] ?? 0) - (splits[0] ?? 0) < DAY_S : last - first < DAY_S * 1_000)) },
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
