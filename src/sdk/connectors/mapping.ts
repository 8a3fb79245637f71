import { z } from 'zod'

const pointer = z.string().max(1_024).describe('A JSON pointer (/a/b) or dotted path (a.b) into each item.')
const COLUMNS_MAX = 256

const column = z.strictObject({
  from: pointer.optional(),
  /** In place of `from`: the same for every record. */
  constant: z.union([z.string().max(4_096), z.number(), z.boolean()]).optional(),
  type: z.enum(['text', 'number', 'boolean', 'time', 'json']).default('json').describe('What it is read as; json takes it as it is.'),
  format: z.string().max(32).optional().describe('Of a time: iso (default), s, ms.'),
  scale: z.number().optional().describe('A number is multiplied by it, before the offset.'),
  offset: z.number().optional().describe('Added to a number.'),
  unit: z.string().max(64).optional().describe('The unit of the result, told with the dataset.'),
  required: z.boolean().default(false).describe('Without it the item is a dead letter.')
}).refine(({ from, constant }) => (from === undefined) !== (constant === undefined), 'exactly one of from and constant')

/** How items of JSON become records. */
export const mappingSchema = z.strictObject({
  items: pointer.optional().describe('Where in a message the list of items is; left out: the message is an item, or a list of them.'),
  key: z.array(pointer).min(1).max(8).describe('What names the thing that an item is about; several are joined by a slash.'),
  time: pointer.optional().describe('When it was observed; left out: when it came, and then what comes twice is stored twice.'),
  time_format: z.enum(['iso', 's', 'ms']).default('iso').describe('How the time is written: ISO 8601, or seconds or milliseconds since 1970.'),
  entity_type: z.string().max(128).optional().describe('Type of the entities; with it ids are written as urn:ngsi-ld:TYPE:KEY.'),
  location: z.strictObject({ longitude: pointer, latitude: pointer }).optional().describe('Where the thing is, in degrees; becomes the field location, a GeoJSON point.'),
  columns: z.record(z.string().min(1).max(256), column).refine(columns => Object.keys(columns).length <= COLUMNS_MAX, `at most ${COLUMNS_MAX} columns`)
    .optional().describe('Fields of the records; left out: the item as it is.')
})
export type Mapping = z.output<typeof mappingSchema>
export type MappedColumn = z.output<typeof column>
