import type { Column, ConnectorDeclaration, DatasetDescription } from '../../sdk/index.ts'

/** What a declaration says of its dataset, with the columns that its reader knows. */
export function descriptionOf ({ id, ...said }: ConnectorDeclaration['dataset'], schema: readonly Column[]): DatasetDescription {
  const { title, description, theme, keywords, licence, access, model, simulated } = said
  return {
    datasetId: id, title, description: description === '' ? title : description, theme, keywords, licence, spatial: null, temporal: null, schema, access, simulated, model
  }
}
