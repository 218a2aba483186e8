/**
 * What the other side proves itself by: a raw public key or a chain, and a signature that shows it holds the private key
 * (RFC 5246 §7.4.2, §7.4.8, RFC 7250). Absent is failure, and whether a key or a chain is good is asked only of what was
 * proven to be held.
 */

import { EMPTY } from '#base';

import { decodeCertificateList, decodeRawPublicKey } from '../codec/index.js';
import { schemeFits, spkiOfCertificate, type CryptoProvider } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { ProofKind } from './negotiate.js';
import { HandshakeError } from './outcome.js';
import type { Question } from './questions.js';

/** The proof of one peer. */
export class PeerProof {
  readonly #kind: ProofKind;
  #chain: readonly Uint8Array[] = [];
  #spki: Uint8Array = EMPTY;

  constructor(kind: ProofKind) {
    this.#kind = kind;
  }

  /** Takes the body of a Certificate message. */
  take(body: Uint8Array): void {
    if (this.#kind === 'rpk') {
      this.#spki = decodeRawPublicKey(body);
      return;
    }
    this.#chain = decodeCertificateList(body);
    const [own] = this.#chain;
    if (own === undefined) throw new HandshakeError('no_certificate', 'handshake_failure', 'a certificate is required');
    this.#spki = spkiOfCertificate(own);
  }

  /** Throws HandshakeError unless the peer signed `bytes` with the key of its proof and a scheme that is permitted. */
  verify(
    scheme: number,
    bytes: Uint8Array,
    signature: Uint8Array,
    { parameters, provider }: { readonly parameters: DtlsParameters; readonly provider: CryptoProvider },
  ): void {
    const fits = parameters.schemes.includes(scheme) && schemeFits(scheme, this.#spki);
    if (!fits || !provider.verify(scheme, this.#spki, bytes, signature))
      throw new HandshakeError('bad_signature', 'decrypt_error', 'the signature does not verify');
  }

  /** Whose it is, and whether it is good; a chain under one of `anchors`, where there are some. */
  question(anchors?: readonly string[]): Question {
    if (this.#kind === 'rpk') return { about: 'rawKey', spki: this.#spki };
    return { about: 'chain', chain: this.#chain, ...(anchors !== undefined && { anchors }) };
  }
}
