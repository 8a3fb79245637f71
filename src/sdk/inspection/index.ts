/**
 * Says what client and server exchange about a file before it is published: it is sent once, looked at, and then published by the name
 * of what lies in the spool, or thrown away.
 *
 * The name is random, holds for whoever sent the file and for some minutes. Nothing of the file is anybody's to see until it is published.
 */
export { INSPECT_PATH, inspectionSchema, publishInspectedSchema } from './schemas.ts'
export type { Inspection, Inspector, InspectedContent, InspectionWarning, PublishInspected } from './types.ts'
