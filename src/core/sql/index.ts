/**
 * Says what may be asked of datasets in SQL, and what of the answer may be told. Text is parsed elsewhere, by the engine that runs it;
 * this room judges the syntax tree.
 *
 * **A question** is one SELECT that reads datasets and nothing else: an allow-list of kinds of query, expressions, functions and types
 * (`shapes.ts`, `words.ts`), within limits of size and depth. What is not named is refused, by the place where it stands. Names of
 * tables are datasets; WITH hides them.
 *
 * **Data in groups.** Of a dataset that terms let be told in groups alone, a SELECT over it stands alone in its FROM and asks for groups
 * by plain columns or steps and parts of times, and for count, sum, avg, min, max of plain columns. It is taken out (`splitQuestion`),
 * said anew from its parts, and run over the rows; of the groups with at least `minGroupSize` entities the rest of the question makes
 * what it likes. Nothing in it can fail by what is in a row, since a failure would tell that: columns are compared with values of
 * their own type, and there is no arithmetic, cast or function over rows but those of time. Columns were coarsened before.
 * Measures of a column that fewer entities have are null, min and max below twice as many.
 *
 * **Differencing.** Each answer is held against what the same requester was told before (`isTelling`): which rows are in which group.
 * This is k-suppression with pairwise differencing, not differential privacy: three answers together, two members together, one value
 * that outweighs all others of a group, and what somebody knows already are beyond it. Whether a question is refused depends on the
 * rows, as does which groups are left out: each tells whether k or fewer are there, so refusals are counted as answers are.
 *
 * **A signed answer** is a statement (`core/identity`) of kind `answer`: publisher, requester, the hash of the question, the heads it was
 * reckoned over, k, the hash of the rows as CSV, the time. Its proof holds charter, certificates, question and CSV beside it.
 */
export { checkQuestion, type NamedTable, type Question } from './checking.ts'
export { splitQuestion, type SplitGrouping } from './splitting.ts'
export { countsText, ENTITY_COLUMN, groupsText, meetingText, ROW_COLUMN, typeOfTerm, type GroupColumn, type Grouping } from './grouping.ts'
export { isSameChoice, isTelling, type Meeting } from './differencing.ts'
export {
  admitAnswer, ANSWER_PROOF_BYTES_MAX, answerBody, csvRow, decodeAnswerProof, decodeQuestion, encodeAnswerProof, encodeQuestion, type SentQuestion
} from './answer.ts'
export { ANSWER_CSV_BYTES_MAX, QUESTION_BYTES_MAX } from './limits.ts'
export { checkText } from './text.ts'
export { characterAt, folded, type QuestionFault } from './tree.ts'
