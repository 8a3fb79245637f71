/**
 * Checks what can be checked of a node from outside: machine, folder, keys, settings, ports, databases.
 *
 * Each check says what it found, and for what is not well the cause and the exact fix. `warn` works now and will not for
 * ever; `fail` keeps the node from starting or loses data, and makes the exit code 1. Nothing is changed, unless `--rebuild`
 * asks for a new store in the place of one that cannot be opened.
 */
import { configProblem, loadConfig } from '../config/index.ts'
import { answer, EXIT, plain, problem, type Call, type Command, type Outcome, type Terminal } from '../terminal/index.ts'
import { checkClock, checkDisk, checkFolder, checkKeys, checkNode, checkPorts, checkRestored, checkStores, isRunning, type Check } from './checks.ts'
import { checkLedger } from './ledger.ts'
import { rebuild } from './rebuild.ts'

export { checkClock, checkDisk, checkFolder, checkNode, checkRestored, type Check } from './checks.ts'
export { checkOf } from './ledger.ts'

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check this machine and the folder of the node, and say how to mend what is wrong',
  arguments: [],
  options: [{ name: 'rebuild', help: 'set the store aside, which cannot be opened, and have all of it fetched back from neighbours' }],
  examples: ['hanse doctor', 'hanse doctor --json --data ./lubeck', 'hanse doctor --rebuild --data ./lubeck'],
  run: doctor
}

async function doctor (call: Call): Promise<Outcome> {
  const checks: Check[] = [checkNode(process.versions.node)]
  const loaded = loadConfig(call)
  if (loaded.ok && call.flag('rebuild')) {
    if (await isRunning(loaded.value.folder)) return problem(EXIT.failed, 'in-use', 'The node of this folder is running', 'Stop it first. Nothing was changed.')
    return rebuild(loaded.value.folder, Date.now())
  }
  if (loaded.ok) {
    const { folder, config, file, fileExists } = loaded.value
    checks.push(fileExists
      ? { name: 'settings', state: 'ok', finding: `${file} is valid` }
      : { name: 'settings', state: 'warn', finding: `There is no ${file}: the defaults hold`, fix: `Run hanse init --name NAME --data ${folder}` })
    const running = await isRunning(folder)
    checks.push(
      await checkFolder(folder), await checkDisk(folder), await checkKeys(folder, config.member.passphrase_file),
      ...await checkStores(folder, running), ...await checkPorts(config, running), await checkClock(folder, Date.now()), ...await checkRestored(folder),
      ...running ? await checkLedger(folder) : []
    )
  } else {
    const { reason, hint } = configProblem(loaded.failure).failure
    checks.push({ name: 'settings', state: 'fail', finding: reason, fix: hint })
  }
  const failed = checks.some(({ state }) => state === 'fail')
  return answer({ ok: !failed, checks }, checks.map(check => lineOf(check, call.terminal)).join('\n'), failed ? EXIT.failed : EXIT.done)
}

function lineOf ({ name, state, finding, fix }: Check, terminal: Terminal): string {
  const paint = { ok: terminal.green, warn: terminal.yellow, fail: terminal.red }[state]
  const lines = finding.split('\n').map(plain)
  const [first = '', ...rest] = lines
  return [`${paint(state.padEnd(4))}  ${name.padEnd(12)}  ${first}`, ...rest.map(line => `${' '.repeat(20)}${line}`), ...(fix === undefined ? [] : [`${' '.repeat(20)}${plain(fix)}`])].join('\n')
}
