import { fail } from '../../base/index.ts'
import type { NodeSql, NotReady } from '../contract/index.ts'
import type { Desk } from './desk.ts'
import { verifyAnswerProof } from './proving.ts'

/** What programs see of it; before there is a federation nothing can be asked. */
export function nodeSqlOf (here: () => Desk | undefined, notReady: NotReady): NodeSql {
  return {
    sql: async (request, asker) => await here()?.sql(request, asker) ?? fail(notReady),
    sqlTables: asker => here()?.tables(asker) ?? [],
    verifySqlProof: proof => verifyAnswerProof(proof)
  }
}
