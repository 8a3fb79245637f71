/** What the workers of the map run beside the library: one script, since scripts in them share their names. */
import './atlas.ts'
import './places.ts'
