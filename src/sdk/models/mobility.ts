import { amount, count, flag, geometry, model, oneOf, reference, share, text, texts, time } from './attributes.ts'

export const vehicle = model('Vehicle', 'A vehicle, where it is and what it does', {
  vehicleType: text,
  category: texts,
  location: geometry('Point'),
  // (m): the published unit is km/h.
  speed: amount('km/h'),
  // (m): clockwise from north.
  bearing: amount('deg', { min: 0, max: 360 }), heading: amount('deg', { min: 0, max: 360 }),
  cargoWeight: amount('kg'),
  serviceStatus: text,
  serviceProvided: texts,
  vehiclePlateIdentifier: { ...text, isPersonal: true },
  fuelType: text,
  observationDateTime: time,
  ignitionStatus: flag,
  areaServed: text,
  // (m)
  vehicleIdentificationNumber: { ...text, isPersonal: true }, fleetVehicleId: text, mileageFromOdometer: amount('km'), fuelFilled: amount('L'),
  previousLocation: geometry('Point'), vehicleSpecialUsage: text, refVehicleModel: reference, feature: texts, color: text, refTrip: reference
}, { observedBy: ['observationDateTime', 'dateModified'] })

export const trafficFlowObserved = model('TrafficFlowObserved', 'Traffic counted on a lane during an interval', {
  laneId: count(),
  laneDirection: oneOf('forward', 'backward'),
  location: geometry(),
  dateObservedFrom: time,
  dateObservedTo: time,
  // (m): vehicles during the interval.
  intensity: amount(null),
  occupancy: share,
  averageVehicleSpeed: amount('km/h'),
  averageHeadwayTime: amount('s'),
  averageVehicleLength: amount('m'),
  reversedLane: flag,
  // (m)
  dateObserved: time, congested: flag, vehicleType: text, vehicleSubType: text, refRoadSegment: reference
}, { observedBy: ['dateObserved', 'dateObservedTo', 'dateObservedFrom', 'dateModified'] })
