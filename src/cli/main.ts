#!/usr/bin/env -S node --max-semi-space-size=16 --initial-old-space-size=128 --heap-growing-percent=100
// The young space: a row that comes in lives while some ten thousand others do; in a smaller one all of them grow old.
// The old space: left alone, V8 lets it grow to four times what lives in it, and rows that grew old fill it: 250 MB of which 40 live. Network
// buffers count against its size too: in one that is held smaller, a late joiner collects it for an eighth of its time.
// Imports nothing before it knows the Node it runs on: an older one would fail on the syntax of the rest, without a word.
const NODE_MAJOR_MIN = 24

const major = Number(process.versions.node.split('.')[0])
if (major < NODE_MAJOR_MIN) {
  process.stderr.write(`error: hanse needs Node ${NODE_MAJOR_MIN} or later, and this is ${process.versions.node}.\n` +
    '  Install a current Node (https://nodejs.org), or run it with npx -p node@24 hanse.\n')
  process.exitCode = 1
} else {
  const { runProcess } = await import('./process.ts')
  await runProcess()
}
