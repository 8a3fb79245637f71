/**
 * Says in the language of the reader what the node says in English. Loaded for other languages alone: in English the node's own
 * sentences are shown.
 *
 * Sentences of terms come with their code and values (`TermsSentence`), and each code has a text in `clauses`: `{name}` or
 * `{name:form}` stands for a value, and of `[one|another]` those parts are said, as a list, whose values are all there. What else the
 * node says (failures, findings, warnings, alarms) is known by its English sentence: `sentences` has it as it stands in the code, with
 * `{1}`, `{2}` for what is put in, and what it is in the other language. `{1:said}` is itself something that the node says.
 * Whatever has no text here stays English, and is marked so.
 */
export { interpreterOf, type SaidTexts } from './interpreter.ts'
