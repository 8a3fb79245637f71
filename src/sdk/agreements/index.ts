/**
 * Says what client and server exchange about agreements: asking for one, what waits for a person, what is in force, ending it.
 */
export { agreementsSchema, agreementSchema, answerSchema, endSchema, negotiationSchema, negotiationsSchema, requestSchema } from './schemas.ts'
export { END_CODES, type AgreementRequest, type AgreementView, type EndCode, type NegotiationAnswer, type NegotiationView } from './types.ts'
