/** Begins the names of all purposes below. */
export const PURPOSE_NS = 'urn:hanse:purpose:1:'

/** What data may be wanted for: domains, and the activities of each. A domain covers its activities. */
export const PURPOSES = [
  'waste', 'waste.collection', 'waste.route-planning', 'waste.contract-control',
  'mobility', 'mobility.traffic-management', 'mobility.transit-operation', 'mobility.parking', 'mobility.cycling-planning', 'mobility.road-safety', 'mobility.road-works',
  'freight', 'freight.routing', 'freight.capacity-matching', 'freight.permit-control',
  'emergency', 'emergency.response', 'emergency.warning', 'emergency.exercise',
  'environment', 'environment.air', 'environment.noise', 'environment.water', 'environment.flood-monitoring', 'environment.nature',
  'energy', 'energy.grid-operation', 'energy.efficiency',
  'planning', 'planning.land-use', 'planning.infrastructure',
  'service', 'service.operation', 'service.billing', 'service.quality',
  'research', 'research.public', 'research.commercial',
  'statistics', 'statistics.official', 'statistics.open-publication',
  'commerce', 'commerce.product', 'commerce.advertising',
  'audit', 'audit.internal', 'audit.public'
] as const
export type Purpose = typeof PURPOSES[number]
