/** A DTLS client on a socket of the loopback interface, whose datagrams a test may hold back. */

import { createSocket, type Socket } from 'node:dgram';

import { EMPTY, plainPeer, seconds, systemClock, systemRandom } from '#base';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider, signingKey } from '#dtls';
import type { Answer, ClientOffer, DtlsEvent, DtlsParameters, Question } from '#dtls';
import { until, type TestServer } from './test-server.js';
import type { Issued } from './x509.js';

/** How it differs from one that takes every server for good and can be sent records with Connection IDs. */
export interface DtlsClientOptions {
  readonly cids?: 'offered' | 'not_offered';
  readonly answer?: (question: Question) => Answer;
  readonly parameters?: Partial<DtlsParameters>;
}

/** A client of the server at a port of 127.0.0.1, which may change. */
export class DtlsClient {
  readonly events: DtlsEvent[] = [];
  /** What it asked about its server. */
  readonly asked: Question[] = [];
  /** Datagrams that came, in order. */
  readonly heard: Buffer[] = [];
  readonly #port: () => number;
  readonly #endpoint: DtlsEndpoint;
  #socket: Socket;
  readonly #answer: (question: Question) => Answer;
  /** Datagrams that are held back, while some are. */
  #held: Uint8Array[] | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(port: () => number, offer: Partial<ClientOffer>, options: DtlsClientOptions = {}) {
    const parameters = { ...DTLS_PARAMETERS, handshakeDeadline: seconds(4), ...options.parameters };
    this.#answer = options.answer ?? (() => ({ is: 'good' }));
    this.#socket = this.#open();
    this.#port = port;
    this.#endpoint = new DtlsEndpoint(
      { parameters, random: systemRandom, provider: nodeProvider },
      {
        send: (_listener, _address, _to, bytes) => {
          if (this.#held === undefined || !hasSealed(bytes)) this.#socket.send(bytes, port(), '127.0.0.1');
          else this.#held.push(Uint8Array.from(bytes));
        },
      },
    );
    const cid = options.cids !== 'not_offered' && { cid: EMPTY };
    this.#endpoint.connect(0, { serverProofs: [], ...cid, ...offer });
  }

  /** Begins a handshake, with a ping behind it. */
  begin(): void {
    this.#endpoint.drop(PLACE.key);
    this.say(PING);
  }

  /** Sends data, or has it wait for the handshake. */
  say(bytes: Uint8Array): void {
    this.#endpoint.send(systemClock.now(), PLACE, bytes, 'own');
    this.#drain();
  }

  /** Shakes hands, and what kind of handshake it was. */
  async come(): Promise<'full' | 'resumed' | 'handshakeFailed'> {
    const before = this.events.length;
    this.begin();
    const ended = await until('the handshake is over', async () =>
      this.events.slice(before).find(({ type }) => type === 'established' || type === 'handshakeFailed'),
    );
    return ended.type === 'established' ? ended.kind : 'handshakeFailed';
  }

  /** Says something, and waits for what comes back; no handshake is begun for it. */
  async ping(): Promise<void> {
    const before = this.#messages;
    this.say(PING);
    await until('the server answers', async () => (this.#messages > before ? 'yes' : undefined));
  }

  /** Speaks from another port from now on. */
  move(): void {
    this.#socket.close();
    this.#socket = this.#open();
  }

  /** From now on no datagram with a protected record leaves. */
  hold(): void {
    this.#held = [];
  }

  /** How many datagrams are held back. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  /** All that is held back leaves, in one datagram. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#socket.send(Buffer.concat(held), this.#port(), '127.0.0.1');
  }

  /** Says goodbye: the server forgets the association, and the device its own. */
  leave(): void {
    this.#endpoint.drop(PLACE.key);
    this.#drain();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  get #messages(): number {
    return this.events.filter(({ type }) => type === 'message').length;
  }

  #open(): Socket {
    const socket = createSocket('udp4');
    socket.on('message', (bytes) => {
      this.heard.push(bytes);
      this.#endpoint.handleDatagram(systemClock.now(), 0, PLACE.address, PLACE.port, bytes);
      this.#drain();
    });
    return socket;
  }

  #drain(): void {
    for (let event = this.#endpoint.nextEvent(); event !== undefined; event = this.#endpoint.nextEvent()) {
      this.events.push(event);
      if (event.type !== 'question') continue;
      this.asked.push(event.ask);
      this.#endpoint.answer(systemClock.now(), event.question, this.#answer(event.ask));
    }
    clearTimeout(this.#timer);
    const deadline = this.#endpoint.nextDeadline();
    if (deadline === undefined) return;
    const wait = Math.max(1, deadline - systemClock.now());
    this.#timer = setTimeout(() => {
      this.#endpoint.handleTimeout(systemClock.now());
      this.#drain();
    }, wait);
  }
}

/** A device of a server, wherever that listens, with a certificate and those above it. */
export function deviceWithCertificate(
  server: () => TestServer,
  [leaf, ...above]: readonly [Issued, ...Issued[]],
  more: Partial<ClientOffer> = {},
  options: DtlsClientOptions = {},
): DtlsClient {
  const key = signingKey(leaf.key.privateKey.export({ type: 'pkcs8', format: 'der' }));
  const port = (): number => Number(new URL(server().coaps.replace('coaps:', 'http:')).port);
  const proof = { key, chain: [leaf, ...above].map(({ der }) => der) };
  return new DtlsClient(port, { proof, serverProofs: ['x509'], ...more }, options);
}

/** Whether a record of epoch 1 is in a datagram (RFC 6347 §4.1). */
function hasSealed(datagram: Uint8Array): boolean {
  const bytes = Buffer.from(datagram);
  for (let at = 0; at + HEADER <= bytes.length; at += HEADER + bytes.readUInt16BE(at + 11))
    if (bytes.readUInt16BE(at + 3) === 1) return true;
  return false;
}

const HEADER = 13;
const PLACE = plainPeer(0, '192.0.2.1', 5684);
/** An Empty message, which CoAP answers with a Reset. */
export const PING: Uint8Array = Buffer.from('40000001', 'hex');
