import { amount, count, flag, geometry, model, oneOf, reference, share, text, texts, time } from './attributes.ts'

export const wasteContainer = model('WasteContainer', 'A container for waste and how full it is', {
  location: geometry('Point'),
  // (m): 0 is empty, 1 is full.
  fillingLevel: share,
  binFullnessThreshold: share,
  // (m)
  binCapacity: amount('L'),
  cargoWeight: amount('kg'),
  temperature: amount('Cel', { min: -90, max: 1_500 }),
  // (m): published without a unit, sensors say parts per million.
  methaneConcentration: amount('[ppm]'),
  storedWasteKind: texts,
  storedWasteOrigin: text,
  status: oneOf('ok', 'lidOpen', 'dropped', 'moved', 'vandalized', 'burning', 'unknown'),
  category: texts,
  // (m)
  actuationHours: text, openingHours: text, insertHolesNumber: count(), containerMaterial: text, color: text, regulation: text, responsible: text, isAccessible: flag,
  dateLastEmptying: time,
  nextActuationDeadline: time,
  serialNumber: text,
  isleId: text,
  refDevice: reference,
  binId: text,
  wardId: text,
  // (m)
  dateServiceStarted: time, dateLastCleaning: time, nextCleaningDeadline: time, dateObserved: time
}, { required: ['location'], observedBy: ['dateObserved', 'dateModified'] })

export const wasteObserved = model('WasteObserved', 'A weighing of waste that was collected', {
  grossWeight: amount('kg'),
  tareWeight: amount('kg'),
  weight: amount('kg'),
  dateObserved: time,
  refServiceOrderId: text,
  // (m)
  refVehicle: reference, storedWasteKind: texts
}, { observedBy: ['dateObserved', 'dateModified'] })
