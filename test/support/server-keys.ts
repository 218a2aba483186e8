/** Keys of a server with chains of an authority, in the forms that people hand in. */

import { time } from './der.js';
import { authority, DAY, device, extendedKeyUsage, issue, keyUsage, pem } from './x509.js';
import type { Issued, Pair, Plan } from './x509.js';

/** What a server can be given. */
export interface ServerKey {
  /** Private key as PEM. */
  readonly key: string;
  /** Its certificate and the one of the authority as PEM. */
  readonly chain: string;
  readonly certificate: Issued;
}

/** Valid now, for as long as a test may take. */
export function valid(): Pick<Plan, 'from' | 'to'> {
  return { from: time(Date.now() - DAY), to: time(Date.now() + DAY) };
}

/** An authority that is valid now. */
export function authorityNow(name: string, plan: Plan = {}): Issued {
  return authority(name, undefined, { ...valid(), ...plan });
}

/** A key of a server with a chain under `ca`. */
export function serverKey(ca: Issued, name: string, plan: Plan = {}): ServerKey {
  const extensions = [keyUsage('digitalSignature'), extendedKeyUsage('server')];
  const certificate = issue({ subject: name, issuer: ca, extensions, ...valid(), ...plan });
  return { key: privatePem(certificate.key), chain: chainOf(certificate, ca), certificate };
}

/** A device's certificate under `ca`, valid now. */
export function deviceNow(ca: Issued, name: string, plan: Plan = {}): Issued {
  return device(ca, { subject: name, ...valid(), ...plan });
}

/** A private key as PKCS#8 in PEM. */
export function privatePem({ privateKey }: Pair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Certificates as PEM. */
export function chainOf(...certificates: readonly Issued[]): string {
  return certificates.map(({ der }) => pem('CERTIFICATE', der)).join('');
}
