/**
 * Opens what terms provide for emergencies, while one is declared.
 *
 * A declaration is a statement (`core/grants`) in the declarer's catalogue feed under `emergency/<id>`; its end takes its place. The
 * signature is enough, no ledger is asked. Whoever hears of it tells the doors, which let in whom clause 13 names: when the
 * declarer, the kind and the area fit. It is over at its last moment or when its declarer says so; nobody has to be awake for it.
 *
 * Break-glass: the responder's operator names the incident and confirms. The publisher is told by a receipt `reported-use` of the purpose
 * `…emergency.response#<id of the declaration>`; both sides take the duty for fulfilled until the emergency is over. Every use is
 * in the access records, in the log and in the alarms of both sides, and is to be looked at within 30 days of the end: later that is
 * one more alarm, and never stands in the way of anybody.
 */
export { Emergencies, type EmergencyFailure, type EmergencyOrder, type KnownEmergency } from './emergencies.ts'
export type { EmergencyPermit } from './permits.ts'
export { Reviews, type EmergencyUse, type Review } from './reviews.ts'
