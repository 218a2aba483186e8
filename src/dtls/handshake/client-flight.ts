/** Pieces of the client's second flight: Certificate, ClientKeyExchange, CertificateVerify (RFC 5246 §7.4.6-7.4.8). */

import { EMPTY } from '#base';

import {
  encodeCertificateList,
  encodeCertificateVerify,
  encodeEcdheClientKeyExchange,
  encodeEcdhePskClientKeyExchange,
  encodePskClientKeyExchange,
  encodeRawPublicKey,
  HandshakeType,
  type CertificateRequest,
  type EcdhParameters,
} from '../codec/index.js';
import { ecdhePskPremaster, pskPremaster, schemeFits, type CryptoProvider, type Suite } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { ClientOffer } from './client-hello.js';
import type { Conversation } from './conversation.js';
import type { ProofKind } from './negotiate.js';
import { HandshakeError } from './outcome.js';

/** Says what the client proves itself by; a client without anything says so by an empty list. */
export function sayCertificate(conversation: Conversation, { proof }: ClientOffer, kind: ProofKind | undefined): void {
  const body =
    kind === 'rpk' && proof !== undefined
      ? encodeRawPublicKey(proof.key.spki)
      : encodeCertificateList(proof?.chain ?? []);
  conversation.say(HandshakeType.CERTIFICATE, body);
}

/** Says the client's half of the key exchange; gives the premaster secret. */
export function sayKeyExchange(
  conversation: Conversation,
  { keyExchange }: Suite,
  psk: ClientOffer['psk'],
  agreement: EcdhParameters | undefined,
  provider: CryptoProvider,
): Uint8Array {
  const { identity, key } = psk ?? { identity: EMPTY, key: EMPTY };
  const say = (body: Uint8Array): void => {
    conversation.say(HandshakeType.CLIENT_KEY_EXCHANGE, body);
  };
  if (keyExchange === 'psk') {
    say(encodePskClientKeyExchange(identity));
    return pskPremaster(key);
  }
  const { group, point } = agreement as EcdhParameters;
  const own = provider.ephemeral(group);
  const shared = own.agree(point);
  if (keyExchange !== 'ecdhe_psk') {
    say(encodeEcdheClientKeyExchange(own.publicKey));
    return shared;
  }
  say(encodeEcdhePskClientKeyExchange({ identity, point: own.publicKey }));
  return ecdhePskPremaster(shared, key);
}

/** Signs everything said so far, if there is a key to sign with. */
export function sayVerify(
  conversation: Conversation,
  proof: ClientOffer['proof'],
  { schemes }: CertificateRequest,
  { parameters, provider }: { readonly parameters: DtlsParameters; readonly provider: CryptoProvider },
): void {
  if (proof === undefined) return;
  const scheme = parameters.schemes.find((id) => schemes.includes(id) && schemeFits(id, proof.key.spki));
  if (scheme === undefined)
    throw new HandshakeError('no_shared_signature', 'handshake_failure', 'the server verifies no signature of our key');
  const signature = provider.sign(scheme, proof.key, conversation.messages());
  conversation.say(HandshakeType.CERTIFICATE_VERIFY, encodeCertificateVerify({ scheme, signature }));
}
