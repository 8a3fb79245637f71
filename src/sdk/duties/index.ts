/**
 * Says what client and server exchange about what comes after data were given out: erasure, receipts, audit, emergencies.
 */
export {
  confirmSchema, declareSchema, emergenciesSchema, emergencySchema, eraseSchema, erasuresSchema, receiptsSchema, useReportSchema
} from './schemas.ts'
export {
  EMERGENCY_KINDS, ERASE_BASES, type EmergencyRequest, type EmergencyView, type EraseBasis, type EraseScope, type ErasureView, type UsedAgreement,
  type UseEntry, type UseProofView, type UseReport
} from './types.ts'
