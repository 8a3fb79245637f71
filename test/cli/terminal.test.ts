import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import {
  count, createProgress, createTerminal, formatBytes, formatDuration, formatTime, nearest, pairs, plain, progressLine, ProgressState, qrText,
  table, type Streams
} from '../../src/cli/terminal/index.ts'

function streamsOf (written: { out: string, error: string }, terminal: boolean, environment: Readonly<Record<string, string>> = {}): Streams {
  return {
    writeOut: async chunk => { written.out += String(chunk) },
    writeError: chunk => { written.error += chunk },
    inputIsTerminal: terminal, outputIsTerminal: terminal, errorIsTerminal: terminal, errorColumns: 80, environment
  }
}

describe('terminal', () => {
  it('writes sizes, durations and times as people read them', () => {
    assert.deepEqual([0, 999, 1_000, 1_124_460, 412_000_000, 10_737_418_240, 1e18].map(formatBytes),
      ['0 B', '999 B', '1.0 kB', '1.1 MB', '412 MB', '10.7 GB', '1000 PB'])
    assert.deepEqual([0, 999, 1_000, 65_000, 3_720_000, 1_000_000_000].map(formatDuration),
      ['0 ms', '999 ms', '1 s', '1 min 5 s', '1 h 2 min', '11 d 13 h'])
    assert.equal(formatTime(0), '1970-01-01T00:00:00Z')
    assert.equal(formatTime(Number.MAX_SAFE_INTEGER), '?')
    assert.deepEqual([count(1, 'row'), count(17_544, 'row'), count(2, 'city', 'cities')], ['1 row', '17,544 rows', '2 cities'])
  })

  it('lets no control character of others through to the terminal', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => {
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(plain(text), /[\u0000-\u001f\u007f-\u009f\u202e]/)
    }))
    assert.equal(plain('\u001b[31mred\u001b[0m\r\nnext'), 'red��next')
    assert.doesNotMatch(table([{ heading: 'name' }], [['\u001b]0;title\u0007x']]), /\p{Cc}(?<!\n)/u)
  })

  it('aligns columns, numbers to the right', () => {
    assert.equal(table([{ heading: 'name' }, { heading: 'rows', right: true }], [['a', '1'], ['long name', '17,544']]),
      'name         rows\na               1\nlong name  17,544')
    assert.equal(pairs([['a', '1'], ['long', '2']]), 'a     1\nlong  2')
  })

  it('finds the name that was meant, and none where none is near', () => {
    const names = ['init', 'config get', 'completion', 'doctor', 'key backup']
    assert.deepEqual(['intit', 'cofig get', 'comp', 'docotr', 'xyz', '', 'x'.repeat(1000)].map(word => nearest(word, names)),
      ['init', 'config get', 'completion', 'doctor', undefined, undefined, undefined])
  })

  it('draws progress with rate and time left, and says since when nothing moved', () => {
    const state = new ProgressState(0)
    state.take({ phase: 'fetching', done: 0, total: 1_000_000_000, unit: 'bytes' }, 0)
    for (let second = 1; second <= 20; second++) {
      state.take({ phase: 'fetching', done: second * 18_000_000, total: 1_000_000_000, unit: 'bytes' }, second * 1000)
    }
    const line = progressLine('roads', state, 20_000, 200)
    assert.match(line, /^roads: fetching {2}\[########\.{16}\] {2}360 MB of 1\.0 GB, 18\.0 MB\/s, about 36 s$/)
    state.take({ phase: 'fetching', done: 360_000_000, total: 1_000_000_000, unit: 'bytes' }, 24_000)
    assert.match(progressLine('roads', state, 26_000, 200), /stalled .* nothing for 6 s$/)
    assert.ok(progressLine('roads', state, 20_000, 30).length < 30)
    state.take({ phase: 'verifying', done: 5, total: null, unit: 'segments' }, 27_000)
    assert.match(progressLine('roads', state, 27_000, 200), /^roads: verifying {2}5 segments$/)
  })

  it('draws nothing where stderr is no terminal, and cleans the line up where it is one', () => {
    const hidden = { out: '', error: '' }
    const bar = createProgress(createTerminal({ json: 'no', quiet: false, noInput: false }, streamsOf(hidden, false)), 'x')
    bar.show({ phase: 'done', done: 1, total: 1, unit: 'records' })
    bar.end()
    assert.deepEqual(hidden, { out: '', error: '' })
    const shown = { out: '', error: '' }
    const drawn = createProgress(createTerminal({ json: 'no', quiet: false, noInput: false }, streamsOf(shown, true)), 'x')
    drawn.show({ phase: 'done', done: 1, total: 1, unit: 'records' })
    drawn.end()
    assert.match(shown.error, /x: done.*1 of 1 records\r.\[2K$/)
    assert.equal(shown.out, '')
  })

  it('keeps the answer on stdout, and colours nothing under NO_COLOR', () => {
    const written = { out: '', error: '' }
    const terminal = createTerminal({ json: 'no', quiet: true, noInput: false }, streamsOf(written, true, { NO_COLOR: '1' }))
    terminal.note('beside')
    terminal.warn('careful')
    terminal.answer({ json: {}, text: terminal.green('yes') })
    assert.deepEqual(written, { out: 'yes\n', error: 'warning: careful\n' })
    const lines = { out: '', error: '' }
    const stream = createTerminal({ json: 'ndjson', quiet: false, noInput: false }, streamsOf(lines, true))
    void stream.item({ a: 1 }, 'a is 1')
    stream.problem({ exit: 4, code: 'not-found', reason: 'There is no dataset x', hint: 'Run hanse ls.' })
    assert.equal(lines.out, '{"schemaVersion":1,"a":1}\n{"schemaVersion":1,"error":{"code":"not-found","reason":"There is no dataset x","hint":"Run hanse ls.","exitCode":4}}\n')
    assert.equal(stream.mayAsk, true)
  })

  it('draws a QR code, and none for a text that is too long', () => {
    assert.ok((qrText('hanse1abc')?.split('\n').length ?? 0) > 10)
    assert.notEqual(qrText('a'.repeat(2_953)), undefined)
    assert.equal(qrText('a'.repeat(2_954)), undefined)
  })
})
