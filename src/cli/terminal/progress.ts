import type { Progress as NodeProgress } from '../../sdk/index.ts'
import { formatBytes, formatDuration, plain } from './format.ts'
import type { Terminal } from './output.ts'

/** What a node tells, and what a command counts by itself. */
type Progress = Omit<NodeProgress, 'phase' | 'unit'> & { readonly phase: NodeProgress['phase'] | 'reading', readonly unit: NodeProgress['unit'] | 'founders' }

/** At most this often is the line drawn anew. */
const REDRAW_MS = 100
/** After so long without a step the line says so: a bar that stands still is no answer. */
const STALLED_AFTER_MS = 5_000
/** The rate is that of about the last few seconds. */
const RATE_WINDOW_MS = 3_000
const BAR_COLUMNS = 24

export type ProgressBar = {
  readonly show: (progress: Progress) => void
  /** Clears the line. */
  readonly end: () => void
}

/** What is known of some long work: amount, rate, since when nothing moved. Time is an argument. */
export class ProgressState {
  progress: Progress = { phase: 'looking', done: 0, total: null, unit: 'bytes' }
  ratePerSecond: number | undefined
  movedMs: number
  #lastMs: number
  #lastDone = 0

  constructor (nowMs: number) {
    this.movedMs = nowMs
    this.#lastMs = nowMs
  }

  take (progress: Progress, nowMs: number): void {
    if (progress.done !== this.progress.done || progress.phase !== this.progress.phase) this.movedMs = nowMs
    if (progress.unit !== this.progress.unit || progress.done < this.#lastDone) {
      this.ratePerSecond = undefined
      this.#lastMs = nowMs
      this.#lastDone = progress.done
    }
    const passedMs = nowMs - this.#lastMs
    if (passedMs >= REDRAW_MS) {
      const rate = (progress.done - this.#lastDone) / passedMs * 1000
      const weight = Math.min(1, passedMs / RATE_WINDOW_MS)
      this.ratePerSecond = this.ratePerSecond === undefined ? rate : this.ratePerSecond * (1 - weight) + rate * weight
      this.#lastMs = nowMs
      this.#lastDone = progress.done
    }
    this.progress = progress
  }
}

/** One line: "fetching  [####····]  412 MB of 1.0 GB, 18 MB/s, about 35 s". */
export function progressLine (label: string, state: ProgressState, nowMs: number, columns: number): string {
  const { phase, done, total, unit } = state.progress
  const amount = (value: number): string => unit === 'bytes' ? formatBytes(value) : `${value}`
  const noun = unit === 'bytes' ? '' : ` ${unit}`
  const stillMs = nowMs - state.movedMs
  const stalled = phase !== 'done' && (stillMs >= STALLED_AFTER_MS || phase === 'stalled')
  const rate = state.ratePerSecond
  const facts = total === null && done === 0 ? [] : [total === null ? `${amount(done)}${noun}` : `${amount(done)} of ${amount(total)}${noun}`]
  if (stalled) facts.push(`nothing for ${formatDuration(stillMs)}`)
  else if (rate !== undefined && rate > 0 && phase !== 'done') {
    facts.push(unit === 'bytes' ? `${formatBytes(rate)}/s` : `${Math.round(rate)}/s`)
    if (total !== null && total > done) facts.push(`about ${formatDuration((total - done) / rate * 1000)}`)
  }
  const share = total === null || total === 0 ? undefined : Math.min(1, done / total)
  const bar = share === undefined ? '' : `[${'#'.repeat(Math.floor(share * BAR_COLUMNS)).padEnd(BAR_COLUMNS, '.')}]  `
  const words = `${plain(label)}: ${stalled ? 'stalled' : phase}  `
  const line = `${words}${bar}${facts.join(', ')}`
  return line.length < columns ? line : `${words}${facts.join(', ')}`.slice(0, Math.max(0, columns - 1))
}

/** A line on stderr that follows some long work; silent where stderr is no terminal. */
export function createProgress (terminal: Terminal, label: string): ProgressBar {
  if (!terminal.mayDraw) return { show: () => undefined, end: () => undefined }
  const state = new ProgressState(performance.now())
  let drawnMs = -Infinity
  const draw = (): void => {
    const nowMs = performance.now()
    drawnMs = nowMs
    terminal.draw(`\r\u001b[2K${progressLine(label, state, nowMs, terminal.columns)}`)
  }
  // Also when nothing arrives the line goes on to say for how long.
  const timer = setInterval(draw, 1_000)
  timer.unref()
  return {
    show: progress => {
      state.take(progress, performance.now())
      if (performance.now() - drawnMs >= REDRAW_MS) draw()
    },
    end: () => {
      clearInterval(timer)
      terminal.draw('\r\u001b[2K')
    }
  }
}
