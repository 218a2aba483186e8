/** Settings of the secure door → parameters of the DTLS endpoint. */

import { seconds, type InputFault } from '#base';
import { DTLS_PARAMETERS, suiteNamed, SUITES, type DtlsParameters } from '#transport';

/** Reads the parameters; `values` are by flag. Suites that are not known, or none at all, are faults. */
export function dtlsParameters(
  values: ReadonlyMap<string, unknown>,
  where: (flag: string) => string,
  faults: InputFault[],
): DtlsParameters {
  const number = (flag: string): number => Number(values.get(flag));
  return {
    ...DTLS_PARAMETERS,
    suites: suitesOf(values.get('dtls-suites') as readonly string[], where('dtls-suites'), faults),
    legacyMasterSecret: values.get('dtls-legacy-master-secret') === true ? 'allowed' : 'refused',
    mtu: number('dtls-mtu'),
    retransmission: seconds(number('dtls-retransmission')),
    // The same path carries both.
    routabilityWait: seconds(number('dtls-retransmission')),
    handshakeDeadline: seconds(number('dtls-handshake-deadline')),
    halfOpen: number('dtls-half-open'),
    halfOpenShare: number('dtls-half-open-share'),
    ecdheWaiting: number('dtls-ecdhe-waiting'),
    forgeries: number('dtls-forgeries'),
    associations: number('dtls-associations'),
    messageBytes: number('dtls-message-bytes'),
    handshakeBytes: number('dtls-handshake-bytes'),
    cidBytes: number('dtls-cid-bytes'),
    node: number('dtls-node'),
    resumption: number('dtls-session-lifetime') === 0 ? 'not_offered' : 'offered',
    ticketLifetime: number('dtls-session-lifetime'),
    masterSecrets: values.get('dangerous-key-log') === '' ? 'kept' : 'told',
  };
}

function suitesOf(names: readonly string[], where: string, faults: InputFault[]): readonly number[] {
  if (names.length === 0) faults.push({ pointer: where, detail: 'at least one suite is needed' });
  return names.flatMap((name) => {
    const suite = suiteNamed(name);
    if (suite !== undefined) return [suite.id];
    const known = SUITES.map((one) => one.name).join(', ');
    faults.push({ pointer: where, detail: `"${name}" is no suite that is spoken here; these are: ${known}` });
    return [];
  });
}
