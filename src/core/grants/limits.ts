/** Epochs in one grant; more are granted by more. */
export const GRANT_EPOCHS_MAX = 64
/** 64 checks of 34 bytes, as many keys of at most 40, and the rest. */
export const GRANT_BYTES_MAX = 8_192
export const GRANT_SEALED_BYTES_MAX = 4_096
export const AGREEMENT_REVOCATION_BYTES_MAX = 1_024
/** Ranges in one notice; more is erased by more notices. */
export const ERASURE_RANGES_MAX = 1_024
export const ERASURE_NOTICE_BYTES_MAX = 32_768
export const RECEIPT_BYTES_MAX = 2_048
/** At resolution 5 that is about 129,000 km². */
export const EMERGENCY_CELLS_MAX = 512
export const EMERGENCY_BYTES_MAX = 16_384
export const EMERGENCY_END_BYTES_MAX = 1_024
