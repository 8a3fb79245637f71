/**
 * Keeps datasets with less detail up to date from their sources, as `core/derivation` says.
 *
 * A derivation is a dataset of its own: own id, own feed (`derivedFrom` names that of its source), own terms; its description
 * names its sources, the CID of its recipe and the bounds that hold for all of it. It is a stream: records follow as the source
 * grows and time passes. Each segment says from which records it was made; a summary names the whole source, since how many
 * records a window took would be a total over groups that are left out.
 *
 * One task a derivation: it asks the door `derive` for its source, takes what is new, and appends. Where it stands is noted,
 * synced, together with what is to be appended and at which number, before that is appended; so a restart at any point appends
 * each record once. When the source is published anew, rows are derived anew as the next version; a summary ends, because two
 * versions of its windows could be subtracted from each other. Whatever ends a derivation or keeps it waiting is shown.
 */
export { Derivations, type DerivationsOptions } from './derivations.ts'
