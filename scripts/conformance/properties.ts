import { CONSUMER_NEGOTIATIONS, CONSUMER_TRANSFERS, PROVIDER_NEGOTIATIONS, PROVIDER_TRANSFERS } from '../../src/core/agreement/index.ts'
import { UNDER_TEST } from '../../src/node/conformance/index.ts'

const CATALOGUE = ['CAT0101', 'CAT0102', 'CAT0103']
/** In seconds, whatever the kit's readme says. */
const WAIT_SECONDS = 10

/** Settings of the kit: where to find us, and what stands for each scenario. */
export function kitProperties (address: string, kitPort: number): string {
  const root = address.replace(/\/dsp$/, '')
  const scenario = (prefix: string, id: string): string => `${prefix}_${id.slice(-4, -2)}_${id.slice(-2)}`
  return Object.entries({
    'dataspacetck.launcher': 'org.eclipse.dataspacetck.dsp.system.DspSystemLauncher',
    'dataspacetck.debug': 'false',
    'dataspacetck.port': kitPort,
    'dataspacetck.host': '127.0.0.1',
    'dataspacetck.callback.address': `http://127.0.0.1:${kitPort}`,
    'dataspacetck.dsp.local.connector': 'false',
    'dataspacetck.dsp.connector.agent.id': UNDER_TEST,
    'dataspacetck.dsp.connector.http.url': address,
    'dataspacetck.dsp.connector.http.base.url': root,
    'dataspacetck.dsp.connector.http.headers.authorization': 'kit',
    'dataspacetck.dsp.connector.negotiation.initiate.url': `${root}/conformance/negotiations`,
    'dataspacetck.dsp.connector.transfer.initiate.url': `${root}/conformance/transfers`,
    'dataspacetck.dsp.default.wait': WAIT_SECONDS,
    ...Object.fromEntries(CATALOGUE.map(id => [`${scenario('CAT', id)}_DATASETID`, id])),
    ...Object.fromEntries(Object.keys(PROVIDER_NEGOTIATIONS).flatMap(id => [
      [`${scenario('CN', id)}_DATASETID`, id], [`${scenario('CN', id)}_OFFERID`, `CD123:${id}:456`]
    ])),
    ...Object.fromEntries(Object.keys(CONSUMER_NEGOTIATIONS).map(id => [`${scenario('CN_C', id)}_DATASETID`, id])),
    ...Object.fromEntries(transfers('TP', PROVIDER_TRANSFERS)), ...Object.fromEntries(transfers('TP_C', CONSUMER_TRANSFERS))
  }).map(([name, value]) => `${name}=${value}\n`).join('')

  function transfers (prefix: string, scripts: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
    return Object.keys(scripts).flatMap(id => [
      [`${scenario(prefix, id)}_AGREEMENTID`, id], [`${scenario(prefix, id)}_FORMAT`, 'HttpData-PULL']
    ] as const)
  }
}
