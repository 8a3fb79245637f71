/**
 * Takes questions in SQL, and finds who may answer them: this node (`node/sql`), or the member that alone has the data, asked over a
 * protocol of its own. Also what people set about own data that are told in groups.
 *
 * `/hanse/sql/1` asks the publisher where its terms let this node have no copy. One question goes to one publisher, whole; one over
 * several is refused, and so is one that joins data of others with what is here. A request is canonical
 * `{question, creditBytes}`, `question` as `core/sql` encodes it, with the datasets that its names mean. The answer is DATA, the rows as
 * CSV, and END `{answer, columns, isCut}` or `{code, reason, hint, position, reasons}`. `answer` is the signed statement. There the asking member
 * is the requester, whatever its question says, and has its own limits; here the signature, the question and the rows are checked
 * before anything of it is shown. Numbers are texts, so that what was signed has one form.
 *
 * A proof of an answer (`core/sql`) is checked from the charter in it alone; that it is the right federation, whoever reads it knows.
 */
export { Counting } from './counting.ts'
export { nodeSqlOf } from './door.ts'
export { Desk } from './desk.ts'
export { ANSWER_PROOF_BYTES_MAX, verifyAnswerProof } from './proving.ts'
export { csvOf } from './rows.ts'
export { SQL_PROTOCOL } from './wire.ts'
