import { run } from './run.ts'
import { EXIT, type Streams } from './terminal/index.ts'

const COLUMNS_DEFAULT = 80

/** Runs one command line as this process: streams, signals and the exit code. */
export async function runProcess (): Promise<void> {
  const interruption = new AbortController()
  const stop = (code: number) => (): void => {
    // The second signal does not wait for what the first asked to finish.
    if (interruption.signal.aborted) process.exit(code)
    interruption.abort()
  }
  process.on('SIGINT', stop(EXIT.interrupted))
  process.on('SIGTERM', stop(EXIT.terminated))
  endQuietly(process.stdout)
  endQuietly(process.stderr)
  const code = await run(process.argv.slice(2), streams(), interruption.signal)
  process.exitCode = code
  // What a command left open (an idle connection, a timer) must not keep the shell waiting once its output is written.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}

/** `hanse ls | head` closes the pipe early: no failure, and nobody is left to read. */
function endQuietly (stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed)
  })
}

function streams (): Streams {
  return {
    writeOut: chunk => new Promise(resolve => process.stdout.write(chunk, () => resolve())),
    writeError: text => void process.stderr.write(text),
    inputIsTerminal: process.stdin.isTTY,
    outputIsTerminal: process.stdout.isTTY,
    errorIsTerminal: process.stderr.isTTY,
    errorColumns: process.stderr.columns ?? COLUMNS_DEFAULT,
    environment: process.env
  }
}
