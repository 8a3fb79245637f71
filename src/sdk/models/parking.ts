/** Parking: all of it (m), as the published models have it in common. */
import { amount, count, flag, geometry, model, oneOf, reference, share, text, texts, time } from './attributes.ts'

const site = {
  location: geometry(),
  category: texts, allowedVehicleType: texts, chargeType: texts, requiredPermit: texts, permitActiveHours: text, acceptedPaymentMethod: texts,
  occupancyDetectionType: texts, parkingMode: texts, openingHours: text, maximumParkingDuration: text, usageScenario: texts, specialLocation: texts, status: texts,
  totalSpotNumber: count(), availableSpotNumber: count(), extraSpotNumber: count(), occupiedSpotNumber: count(), outOfServiceSlotNumber: count(),
  occupancy: share, averageSpotLength: amount('m'), averageSpotWidth: amount('m'), maximumAllowedHeight: amount('m'), maximumAllowedWidth: amount('m'), maximumAllowedLength: amount('m'),
  priceRatePerMinute: amount(null), priceCurrency: texts, refParkingSpot: reference, refParkingGroup: reference, refDevice: reference, dateObserved: time
} as const
const observed = { observedBy: ['dateObserved', 'dateModified'] } as const

export const offStreetParking = model('OffStreetParking', 'A car park off the street and its free spots', {
  ...site,
  layout: texts, facilities: texts, security: texts, highestFloor: { kind: 'integer', unit: null }, lowestFloor: { kind: 'integer', unit: null },
  firstAvailableFloor: { kind: 'integer', unit: null }, carWashFacilities: flag, aggregateRating: amount(null), contactPoint: text
}, observed)

export const onStreetParking = model('OnStreetParking', 'Spots along a street and how many are free', {
  ...site, areBordersMarked: flag, length: amount('m'), width: amount('m')
}, observed)

export const parkingSpot = model('ParkingSpot', 'One spot and whether it is free', {
  location: geometry(), status: oneOf('occupied', 'free', 'closed', 'unknown'), category: texts, color: text, width: amount('m'), length: amount('m'),
  refParkingSite: reference, refParkingGroup: reference, refDevice: reference, dateObserved: time, occupancyModified: time
}, { observedBy: ['dateObserved', 'occupancyModified', 'dateModified'] })
