/** What the secure listeners offer: from the files of key and chain, and from the keys of the server that the fleet keeps. */

import { readFileSync } from 'node:fs';

import { AppError, bytesEqual, EMPTY, messageOf, type Logger } from '#base';
import type { ServerCredentialMaterial } from '#fleet';
import type { ServerFiles, ServerKeyPublic } from '#fleet/ports';
import { signingKey, type ProofKind, type ServerOffer, type ServerProof } from '#transport';
import { readCertificates } from '#trust';

import type { Config } from './config.js';
import { chainPem, pemOf } from './server-key-forms.js';

/** The keys of the server that are kept. */
export interface KeptServerKeys {
  readonly changes: { on(listener: () => void): unknown };
  material(): readonly ServerCredentialMaterial[];
}

/** The offer, as it is now. A change of it is for handshakes that begin then; associations go on. */
export class SecureOffer implements ServerFiles {
  readonly #files: Pick<Config, 'coapsChain' | 'coapsKey'>;
  readonly #logger: Logger;
  #fromFiles: readonly ServerProof[];
  #kept: readonly ServerProof[] = [];
  #changed: (offer: ServerOffer) => void = () => undefined;

  /** Reads the files. Throws AppError(`bad_configuration`) that names the file and what is wrong with it. */
  constructor(files: Pick<Config, 'coapsChain' | 'coapsKey'>, logger: Logger) {
    this.#files = files;
    this.#logger = logger;
    this.#fromFiles = read(files);
  }

  /** The offer now; those that are kept go before the one in the files. */
  get offer(): ServerOffer {
    const proofs = [...this.#kept, ...this.#fromFiles];
    return { psk: 'offered', proofs, clientProofs: proofs.length === 0 ? [] : CLIENT_PROOFS };
  }

  /** Takes what is kept into the offer, from now on; `changed` is told of every offer after this one. */
  follow(kept: KeptServerKeys, changed: (offer: ServerOffer) => void): void {
    const renew = (): void => {
      this.#kept = kept.material().flatMap((one) => this.#proofsOf(one));
    };
    renew();
    this.#changed = changed;
    kept.changes.on(() => {
      renew();
      changed(this.offer);
    });
  }

  current(): ServerKeyPublic | undefined {
    const [first] = this.#fromFiles;
    if (first === undefined) return undefined;
    const publicKey = pemOf('PUBLIC KEY', first.key.spki);
    return { publicKey, ...(first.chain !== undefined && { chain: chainPem(first.chain) }) };
  }

  reload(): void {
    if (this.#files.coapsKey === undefined)
      throw new AppError('server_files_unusable', 'the server was started without --coaps-key: no file is to be read');
    try {
      this.#fromFiles = read(this.#files);
    } catch (cause) {
      throw new AppError('server_files_unusable', messageOf(cause), { cause });
    }
    this.#changed(this.offer);
  }

  #proofsOf({ anchors, chain, hosts, id, privateKey }: ServerCredentialMaterial): readonly ServerProof[] {
    if (privateKey === undefined) {
      this.#logger.error('a server credential cannot be read, and is not offered', { serverCredential: id });
      return [];
    }
    const key = signingKey(privateKey);
    privateKey.fill(0);
    const raw = { key, ...(hosts !== undefined && { names: hosts }), ...(anchors !== undefined && { anchors }) };
    return chain === undefined ? [raw] : [{ ...raw, chain: certificatesIn(Buffer.from(chain, 'latin1')) }, raw];
  }
}

function read({ coapsChain, coapsKey }: Pick<Config, 'coapsChain' | 'coapsKey'>): readonly ServerProof[] {
  if (coapsKey === undefined) return [];
  const key = from(coapsKey, '--coaps-key', (file) => signingKey(file));
  const raw = { key };
  if (coapsChain === undefined) return [raw];
  const chain = from(coapsChain, '--coaps-chain', (file) => readCertificates(file));
  if (!bytesEqual(chain[0]?.publicKey.spki ?? EMPTY, key.spki))
    throw new AppError(
      'bad_configuration',
      `the first certificate of --coaps-chain ${coapsChain} is not of the key in --coaps-key ${coapsKey}`,
    );
  return [{ key, chain: chain.map(({ der }) => der) }, raw];
}

function certificatesIn(pem: Uint8Array): readonly Uint8Array[] {
  return readCertificates(pem).map(({ der }) => der);
}

function from<T>(file: string, flag: string, read: (file: Uint8Array) => T): T {
  try {
    return read(readFileSync(file));
  } catch (cause) {
    throw new AppError('bad_configuration', `${flag} ${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

const CLIENT_PROOFS: readonly ProofKind[] = Object.freeze(['rpk', 'x509']);
