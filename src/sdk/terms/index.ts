/**
 * Says what client and server exchange about terms: files of terms, what they would mean, why something was decided, and what is
 * derived as they say.
 *
 * A file of terms is passed through as it is: the node alone reads it, and refuses it with the position of what is wrong.
 */
export {
  datasetTermsSchema, derivationsSchema, deriveSchema, explanationSchema, reviewSchema, sentencesSchema, termsFileSchema, termsReviewSchema
} from './schemas.ts'
export { PURPOSE_NS, PURPOSES, type Purpose } from './purposes.ts'
export {
  DOORS, MEASURES, type DatasetTerms, type DerivationStatus, type DeriveRequest, type ExplainQuery, type TermsExplanation, type TermsFile, type TermsFinding, type TermsReader,
  type TermsReason, type TermsReview, type TermsSentence
} from './types.ts'
