import { z } from 'zod'

export const CONNECTOR_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** What no connector could take is kept there, and nothing else. */
const LETTERS_ID = 'dead-letters'

/** The dataset that a connector fills; opened where it does not exist, taken as it is where it does. */
export const datasetDeclaration = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower case letters, digits and hyphens, at most 64')
    .refine(id => id !== LETTERS_ID, 'another id: this node keeps dead letters there').describe('Its id, unique within this member.'),
  title: z.string().min(1).max(256).describe('What it is called.'),
  description: z.string().max(8_192).default('').describe('What is in it.'),
  theme: z.string().max(256).default('').describe('Its theme.'),
  keywords: z.array(z.string().max(64)).max(64).default([]).describe('Words under which it is found.'),
  licence: z.string().max(512).default('').describe('Its licence, as an address.'),
  access: z.enum(['public', 'members', 'restricted']).default('members').describe('Who may have it. What is restricted is published beforehand, with its terms.'),
  model: z.string().min(1).max(128).nullable().default(null).describe('The Smart Data Model of its records, for instance WasteContainer.'),
  simulated: z.boolean().default(false).describe('True where the data come from a simulation.')
})
export type DatasetDeclaration = z.output<typeof datasetDeclaration>

/** Keys of every table [[connector]]. */
export const commonDeclaration = {
  name: z.string().regex(CONNECTOR_NAME, 'lower case letters, digits and hyphens, at most 63').describe('Names the connector.'),
  dataset: datasetDeclaration.describe('The dataset that it fills.')
}
