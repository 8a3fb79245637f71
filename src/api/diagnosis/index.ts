/** Answers how the node is, by checks that the composition makes: it alone knows folder, disk and settings. */
import type { Diagnose, DiagnosisCalls } from '../../sdk/diagnosis/index.ts'
import type { Handlers } from '../context/index.ts'
import { json, problem } from '../http/index.ts'

export function diagnosisHandlers (diagnose: Diagnose | undefined): Handlers<DiagnosisCalls> {
  return {
    'node.diagnose': async () => diagnose === undefined
      ? problem({ code: 'not-ready', reason: 'this node makes no checks of itself', hint: 'run "hanse doctor" on its machine' })
      : json(await diagnose())
  }
}
