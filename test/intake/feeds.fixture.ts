/** One small feed of each kind that is valid, as its standard has it: what tests read, and what fuzzing begins with. */
import type { Pages } from './reading.fixture.ts'

const json = (value: unknown): string => JSON.stringify(value)

export const GBFS_3: Pages = {
  'https://bikes.example/gbfs.json': json({
    last_updated: '2023-11-14T22:14:00Z', ttl: 300, version: '3.0', data: {
      feeds: [
        { name: 'station_information', url: 'https://bikes.example/information.json' }, { name: 'station_status', url: 'https://bikes.example/status.json' },
        { name: 'vehicle_status', url: 'https://bikes.example/vehicles.json' }, { name: 'system_information', url: 'https://bikes.example/system.json' }
      ]
    }
  }),
  'https://bikes.example/information.json': json({
    last_updated: '2023-11-14T22:14:00Z', ttl: 3600, version: '3.0', data: {
      stations: [
        { station_id: 's1', name: [{ text: 'Rathaus', language: 'de' }], lat: 53.55, lon: 9.99, capacity: 20 },
        { station_id: 's2', name: [{ text: 'Hafen', language: 'de' }], lat: 53.54, lon: 9.97 }, { station_id: 's3', lat: 0, lon: 0 }
      ]
    }
  }),
  'https://bikes.example/status.json': json({
    last_updated: '2023-11-14T22:14:30Z', ttl: 60, version: '3.0', data: {
      stations: [{
        station_id: 's1', num_vehicles_available: 0, num_docks_available: 20, is_installed: true, is_renting: true, is_returning: true, last_reported: '2023-11-14T22:14:20+00:00',
        vehicle_types_available: [{ vehicle_type_id: 'bike', count: 0 }]
      }]
    }
  }),
  'https://bikes.example/vehicles.json': json({
    last_updated: '2023-11-14T22:14:30Z', ttl: 60, version: '3.0', data: { vehicles: [{ vehicle_id: 'frame-77', lat: 53.551, lon: 9.991, is_reserved: false, is_disabled: true }] }
  }),
  'https://bikes.example/system.json': json({ last_updated: '2023-11-14T22:14:00Z', ttl: 86400, version: '3.0', data: { system_id: 'x', license_url: 'https://licence.example/by' } })
}

export const GBFS_2: Pages = {
  'https://old.example/gbfs.json': json({
    last_updated: 1_700_000_000, ttl: 0, version: '2.3', data: { fr: { feeds: [
      { name: 'station_information', url: 'information.json' }, { name: 'station_status', url: 'status.json' }, { name: 'free_bike_status', url: 'bikes.json' }
    ] } }
  }),
  'https://old.example/information.json': json({ last_updated: 1_700_000_000, ttl: 0, version: '2.3', data: { stations: [{ station_id: '1', name: 'Gare', lat: 48.1, lon: 2.1 }] } }),
  'https://old.example/status.json': json({
    last_updated: 1_700_000_000, ttl: 30, version: '2.3', data: {
      stations: [{ station_id: '1', num_bikes_available: 3, num_bikes_disabled: 1, num_docks_available: 4, is_installed: 1, is_renting: 0, is_returning: true, last_reported: 1_699_999_990 }]
    }
  }),
  'https://old.example/bikes.json': json({ last_updated: 1_700_000_000, ttl: 60, version: '2.3', data: { bikes: [{ bike_id: 'b', lat: 48.2, lon: 2.2, is_reserved: false, is_disabled: false }] } })
}

export const WZDX: string = json({
  type: 'FeatureCollection',
  feed_info: {
    publisher: 'City', version: '4.2', update_date: '2023-11-14T22:00:00Z', update_frequency: 120, license: 'https://creativecommons.org/publicdomain/zero/1.0/',
    data_sources: [{ data_source_id: 'd1', organization_name: 'City' }]
  },
  features: [
    {
      id: 'w1', type: 'Feature', geometry: { type: 'LineString', coordinates: [[-93.77, 41.61], [-93.74, 41.62]] },
      properties: {
        core_details: { event_type: 'work-zone', data_source_id: 'd1', direction: 'eastbound', road_names: ['I-80'], update_date: '2023-11-14T21:00:00Z' },
        start_date: '2023-11-14T20:00:00Z', end_date: '2023-12-01T00:00:00Z', vehicle_impact: 'some-lanes-closed', lanes: [{ order: 1, status: 'closed', type: 'general' }]
      }
    },
    { id: 'w2', type: 'Feature', geometry: { type: 'Point', coordinates: [-93.7, 41.6] }, properties: { core_details: { event_type: 'work-zone', data_source_id: 'd1' } } }
  ]
})

export function cap (
  { identifier = 'KAR0-0306112239-SW', sender = 'KARO@CLETS.DOJ.CA.GOV', sent = '2023-11-14T21:00:00-00:00', status = 'Actual', messageType = 'Alert', references = '', area = CAP_AREA }: {
    readonly identifier?: string, readonly sender?: string, readonly sent?: string, readonly status?: string, readonly messageType?: string, readonly references?: string, readonly area?: string
  } = {}
): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>${identifier}</identifier><sender>${sender}</sender><sent>${sent}</sent><status>${status}</status><msgType>${messageType}</msgType><scope>Public</scope>
  ${references === '' ? '' : `<references>${references}</references>`}
  <info>
    <language>en-US</language><category>Met</category><event>Severe thunderstorm</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
    <onset>2023-11-14T13:00:00-08:00</onset><expires>2023-11-15T00:00:00-00:00</expires><headline>Storm &amp; hail</headline>
    <description><![CDATA[Radar indicated <hail>]]></description><instruction>Take cover</instruction>
    <area><areaDesc>Valley</areaDesc>${area}</area>
  </info>
</alert>`
}

const CAP_AREA = '<polygon>38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14</polygon>'

export const MDS: string = json({
  version: '2.0.0', last_updated: 1_700_000_000_000, ttl: 60_000, vehicles_status: [{
    device_id: 'd-1', provider_id: 'p-1', last_event: { event_id: 'e-1', vehicle_state: 'available', event_types: ['trip_end'], timestamp: 1_699_999_000_000 },
    last_telemetry: { telemetry_id: 't-1', timestamp: 1_699_999_500_000, location: { lat: 53.55, lng: 9.99, heading: 0, speed: 0 } }
  }, { provider_id: 'p-1' }]
})
