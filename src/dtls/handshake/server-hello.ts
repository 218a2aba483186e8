/** The server's answer to a hello of a full handshake: ServerHello to ServerHelloDone (RFC 5246 §7.3, §7.4). */

import { EMPTY } from '#base';

import {
  DTLS_1_2,
  encodeCertificateList,
  encodeCertificateRequest,
  encodeConnectionId,
  encodeEcdheServerKeyExchange,
  encodeEcdhParameters,
  encodeEcdhePskServerKeyExchange,
  encodeRawPublicKey,
  encodeServerHello,
  ExtensionType,
  HandshakeType,
} from '../codec/index.js';
import type { CryptoProvider, EphemeralKey } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Conversation } from './conversation.js';
import type { Choice } from './negotiate.js';

/** Randoms of both sides. */
export interface Randoms {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/**
 * Adds the answer to the flight; gives our half of the key agreement, where there is one. `sessionId`: of a new session, or
 * empty. `cid`: the one we ask for.
 */
export function answerHello(
  conversation: Conversation,
  choice: Choice,
  randoms: Randoms,
  { cid, sessionId }: { readonly cid: Uint8Array; readonly sessionId: Uint8Array },
  { parameters, provider }: { readonly parameters: DtlsParameters; readonly provider: CryptoProvider },
): EphemeralKey | undefined {
  const { clientProof, group, proof } = choice;
  conversation.say(HandshakeType.SERVER_HELLO, serverHello(choice, randoms.server, sessionId, cid));
  if (proof !== undefined) {
    const body = proof.chain === undefined ? encodeRawPublicKey(proof.key.spki) : encodeCertificateList(proof.chain);
    conversation.say(HandshakeType.CERTIFICATE, body);
  }
  const ephemeral = group === 0 ? undefined : provider.ephemeral(group);
  if (ephemeral !== undefined) {
    const agreement = { group, point: ephemeral.publicKey };
    const body =
      proof === undefined
        ? encodeEcdhePskServerKeyExchange({ hint: EMPTY, ...agreement })
        : signed(encodeEcdhParameters(agreement), proof, choice.scheme, randoms, provider);
    conversation.say(HandshakeType.SERVER_KEY_EXCHANGE, body);
  }
  if (clientProof !== undefined) {
    const { schemes } = parameters;
    const request = encodeCertificateRequest({ types: CERTIFICATE_TYPES, schemes, authorities: [] });
    conversation.say(HandshakeType.CERTIFICATE_REQUEST, request);
  }
  conversation.say(HandshakeType.SERVER_HELLO_DONE, EMPTY);
  return ephemeral;
}

/** Body of a ServerHello. */
export function serverHello(choice: Choice, random: Uint8Array, sessionId: Uint8Array, cid: Uint8Array): Uint8Array {
  const { extensions, peerCid, suite } = choice;
  const ours = peerCid === undefined ? [] : [{ type: ExtensionType.CONNECTION_ID, body: encodeConnectionId(cid) }];
  return encodeServerHello({
    version: DTLS_1_2,
    random,
    sessionId,
    suite: suite.id,
    compression: 0,
    extensions: [...extensions, ...ours],
  });
}

/** ServerKeyExchange: the parameters, signed together with both randoms (RFC 8422 §5.4). */
function signed(
  params: Uint8Array,
  proof: NonNullable<Choice['proof']>,
  scheme: number,
  randoms: Randoms,
  provider: CryptoProvider,
): Uint8Array {
  const signature = provider.sign(scheme, proof.key, Buffer.concat([randoms.client, randoms.server, params]));
  return encodeEcdheServerKeyExchange({ params, scheme, signature });
}

/** ecdsa_sign and rsa_sign (RFC 5246 §7.4.4). */
const CERTIFICATE_TYPES: readonly number[] = Object.freeze([64, 1]);
