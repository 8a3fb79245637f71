/**
 * Keeps what this member says of itself: where it is. It is said before there is a federation too, and told in the profile of its
 * catalogue from then on. Places are in units of 1e-7 degrees in catalogues, in degrees outside.
 */
export { Profile, type PlaceUnits } from './profile.ts'
