/**
 * Reads what records of a dataset say: rows of CSV, JSON objects, GeoJSON features, one a record.
 *
 * A format says how, and follows from the description of the dataset (`formatOf`). Values are exact: a number is its decimal text,
 * never a float; an empty field is nothing. A row of CSV with more or fewer fields than columns is no row, and a record that repeats the
 * names of the columns is their header. Columns of JSON are members, also inside of objects, under names like `location.lat`; lists are
 * no values. A column of type geometry holds GeoJSON as text.
 *
 * A place is a latitude and a longitude in degrees, or a GeoJSON geometry (RFC 7946): of a point itself, of anything else the box
 * around it and its middle. What lies at no place on earth has none.
 *
 * `readValues` and `placeOfBody` do the same without a map per row, for whoever goes through millions.
 */
export { formatOf, type FormatFailure, type RowColumn, type RowFormat } from './format.ts'
export { isObject, objectOfRow, readRow, readValues, scalarOfJson, type JsonObject, type Read, type ReadValues } from './read.ts'
export { lineOf, textOfScalar, type Scalar } from './scalar.ts'
export {
  columnsOfPlace, hasPlaces, meets, placeOf, placeOfBody, placeOfGeometry, type Place, type PlaceBox
} from './place.ts'
export { isLike, meetsAll, unknownColumn, type Filter, type FilterValue } from './filter.ts'
export { add, compare, decimalOf, mean, textOfDecimal, ZERO, type Decimal } from './decimal.ts'
export { floorTo, textOfTime, timeMsOf } from './times.ts'
export { DIGITS_MAX } from './limits.ts'
