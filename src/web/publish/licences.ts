/** Licences that are offered, by their names in SPDX; another may be written. */
export const LICENCES = ['CC0-1.0', 'CC-BY-4.0', 'CC-BY-SA-4.0', 'ODbL-1.0', 'DL-DE-BY-2.0'] as const
