/**
 * Tells how two geometries lie to each other: the seven relations of NGSI-LD, and how many metres lie between them.
 *
 * Relations are those of OGC Simple Features on the plane of longitude and latitude, reckoned exactly on a grid of 1e-9 degrees (a
 * tenth of a millimetre): no rounding decides whether two borders touch. `within`: no point of the one lies outside of the other,
 * and their interiors meet, so what lies on a border alone is not within. `overlaps`: of equal dimension, and each has a part that
 * both have and one that only it has. Edges are straight in degrees; a geometry that crosses the antimeridian is to be cut there (RFC 7946, 3.1.9).
 * Of polygons that are none (their edges cross) some answer is given, without delay. All work is counted down in a budget: when that is
 * spent, the answer is to be thrown away.
 *
 * Metres are those of a great circle on a sphere of the mean radius: 0.5 % off at most.
 */
export { boxAround, boxOf, type Box } from './box.ts'
export { metresBetween } from './distance.ts'
export { relate, type Budget, type Relation } from './relate.ts'
export { shapeOf, type Shape } from './shape.ts'
