import { amount, geometry, model, oneOf, reference, share, text, texts, time } from './attributes.ts'

const concentration = amount('ug/m3')

/** All of it (m); pollutants under the names of both published versions, `CO` and `co`. */
export const airQualityObserved = model('AirQualityObserved', 'Air quality measured at a place', {
  location: geometry(),
  dateObserved: time,
  airQualityIndex: amount(null), airQualityLevel: text, reliability: share, areaServed: text, typeofLocation: oneOf('indoor', 'outdoor'),
  refDevice: reference, refPointOfInterest: reference, refWeatherObserved: reference,
  temperature: amount('Cel', { min: -90, max: 100 }),
  relativeHumidity: share, precipitation: amount('mm'), windSpeed: amount('m/s'), windDirection: amount('deg', { min: -180, max: 360 }), atmosphericPressure: amount('hPa'),
  pm1: concentration, pm25: concentration, pm10: concentration, PM1: concentration, PM25: concentration, PM10: concentration,
  co: concentration, no: concentration, no2: concentration, nox: concentration, so2: concentration, o3: concentration, nh3: concentration, co2: concentration,
  CO: concentration, NO: concentration, NO2: concentration, NOx: concentration, SO2: concentration, O3: concentration, NH3: concentration, CO2: concentration,
  volatileOrganicCompoundsTotal: concentration, coLevel: text
}, { observedBy: ['dateObserved', 'dateModified'] })

export const alert = model('Alert', 'Something that people should know of or act upon', {
  category: text,
  subCategory: text,
  // (m): the list of the published text.
  severity: oneOf('informational', 'low', 'medium', 'high', 'critical'),
  location: geometry(),
  dateIssued: time,
  validFrom: time,
  validTo: time,
  description: text,
  alertSource: text,
  // (m)
  eventObserved: text, instruction: text, headline: text, areaDescription: text, relatedAlerts: texts
}, { observedBy: ['dateIssued', 'validFrom', 'dateModified'] })
