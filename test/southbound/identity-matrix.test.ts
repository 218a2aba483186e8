/**
 * Identities against names that are not theirs, byte by byte (security.md T6): the CoAP endpoint, both ways of southbound and a
 * fleet, with peers that have proven who they are as a secure listener would hand them in.
 */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8, fromHex, plainPeer, silentLogger, toHex } from '#base';
import type { Peer } from '#base';
import {
  Code,
  MessageType,
  OptionNumber,
  decodeMessage,
  encodeMessage,
  isMalformed,
  stringOption,
  uintOption,
} from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import { UdpEndpoint, parametersWith } from '#coap/endpoint';
import { OWNER } from '#fleet/model';
import { READ_LIMITS } from '#lwm2m/protocol';
import { Downlink, Uplink } from '#southbound';
import type { Stack } from '#transport';
import { SeededRandom } from '../support/random.js';
import { World, provenPeer, settle } from '../fleet/world.js';
import { cells } from '../dtls/security/support/run.js';

cells('T6 identities against names that are not theirs: cells');

/** A server without sockets: datagrams in with the peer they come from, datagrams out with the one they go to. */
class Door {
  readonly world: World;
  readonly sent: { readonly to: Peer; readonly bytes: Uint8Array }[] = [];
  readonly #endpoint: UdpEndpoint;
  readonly #uplink: Uplink;
  #messageId = 0;

  private constructor(world: World, admission: 'open' | 'known', connect: (stack: Stack) => Downlink) {
    this.world = world;
    this.#endpoint = new UdpEndpoint(parametersWith({}), new SeededRandom(3), {
      send: (to, bytes) => this.sent.push({ to, bytes: Uint8Array.from(bytes) }),
    });
    const stack = this.#stack();
    const downlink = connect(stack);
    this.#uplink = new Uplink({
      ...{ stack, fleet: world.fleet, downlink, lists: world.lists, logger: silentLogger, admission },
      ...{ rules: { unknownParameters: 'ignore' }, limits: READ_LIMITS, freshness: undefined },
      fault: (error) => world.faults.push(error),
    });
  }

  static async open(admission: 'open' | 'known' = 'open'): Promise<Door> {
    const world = await World.start();
    return new Door(world, admission, (stack) => {
      const downlink = new Downlink(stack);
      world.link.behaviour = (request, target) => {
        void downlink.perform(target, request).then((outcome) => world.link.flights[0]?.answer(outcome));
        return undefined;
      };
      return downlink;
    });
  }

  /** A datagram comes; what goes out then, once everything that can go on has gone on. */
  async take(
    peer: Peer,
    bytes: Uint8Array,
  ): Promise<{ readonly to: Peer; readonly hex: string; readonly message: Message }[]> {
    const before = this.sent.length;
    this.#endpoint.handleDatagram(this.world.now(), peer, bytes);
    this.#drain();
    await settle();
    return this.sent.slice(before).map(({ to, bytes: out }) => {
      const message = decodeMessage(out);
      if (isMalformed(message)) throw new Error('what we send can be read');
      return { to, hex: toHex(out), message };
    });
  }

  /** A confirmable request; its answer with the message id left out, as hex. */
  async ask(
    peer: Peer,
    code: number,
    options: readonly Option[],
    payload = '',
  ): Promise<{ code: number; hex: string; location: string }> {
    this.#messageId += 1;
    const [id, token] = [this.#messageId, fromHex('aa01')];
    const parts = { type: MessageType.CON, code, messageId: id, token, options, payload: encodeUtf8(payload) };
    const out = await this.take(peer, encodeMessage(parts));
    const answers = out.filter(({ to, message }) => to.key === peer.key && message.type === MessageType.ACK);
    const [answer] = answers;
    if (answer === undefined || answers.length > 1) throw new Error(`${answers.length} answers`);
    const location =
      answer.message.count(OptionNumber.LOCATION_PATH) > 1 ? answer.message.text(OptionNumber.LOCATION_PATH, 1) : '';
    return {
      code: answer.message.code,
      hex: answer.hex.replace(toHex(Uint8Array.of(id >> 8, id & 0xff)), '????'),
      location,
    };
  }

  register(peer: Peer, query: readonly string[]): ReturnType<Door['ask']> {
    const options = [
      stringOption(OptionNumber.URI_PATH, 'rd'),
      uintOption(OptionNumber.CONTENT_FORMAT, 40),
      ...[...query, 'lt=300', 'lwm2m=1.1'].map((text) => stringOption(OptionNumber.URI_QUERY, text)),
    ];
    return this.ask(peer, Code.POST, options, '</1/0>,</3/0>,</3303/0>');
  }

  /** Everything the store holds of devices. */
  record(): string {
    return JSON.stringify([...this.world.disk.devices.values()]);
  }

  /** What the victim last told. */
  value(): Promise<unknown> {
    return this.world.fleet.values.get(OWNER, 'victim', [3303, 0, 5700]);
  }

  async attempts(): Promise<unknown[]> {
    const events = await this.world.events();
    return events
      .filter(({ type }) => type === 'device.identityRefused')
      .map(({ data }) => [data['tried'], data['kind']]);
  }

  #stack(): Stack {
    const endpoint = this.#endpoint;
    const now = () => this.world.now();
    const drained =
      <A extends readonly unknown[]>(command: (...given: A) => unknown) =>
      (...given: A): unknown => {
        const result = command(...given);
        this.#drain();
        return result;
      };
    const stack: Partial<Record<keyof Stack, unknown>> = {
      request: drained((request: Parameters<Stack['request']>[0]) => endpoint.request(now(), request)),
      respond: drained((...given: Parameters<Stack['respond']>) => {
        endpoint.respond(now(), ...given);
      }),
      acknowledge: drained((id: Parameters<Stack['acknowledge']>[0]) => {
        endpoint.acknowledge(now(), id);
      }),
      reject: drained((id: Parameters<Stack['reject']>[0]) => {
        endpoint.reject(now(), id);
      }),
      limitPeer: drained((peer: Peer, bytes: number) => {
        endpoint.limitPeer(now(), peer, bytes);
      }),
      provePeer: drained((peer: Peer) => {
        endpoint.provePeer(now(), peer);
      }),
    };
    return stack as unknown as Stack;
  }

  #drain(): void {
    for (let event = this.#endpoint.nextEvent(); event !== undefined; event = this.#endpoint.nextEvent())
      this.#uplink.handle(event, this.world.now());
  }
}

const KINDS = ['psk', 'rpk', 'x509', 'none'] as const;
type Kind = (typeof KINDS)[number];
const VICTIM = provenPeer('victim', 1);
const attackerOf = (kind: Kind): Peer =>
  kind === 'none' ? plainPeer(0, '127.0.0.1', 1) : provenPeer('mallory', 1, { kind, name: `m-${kind}` });
const at = (...segments: string[]): Option[] => segments.map((text) => stringOption(OptionNumber.URI_PATH, text));

/** A door behind which the victim is registered and observed, with its location and the token. */
async function withVictim(): Promise<{ door: Door; location: string; token: Uint8Array }> {
  const door = await Door.open();
  const { code, location } = await door.register(VICTIM, ['ep=victim']);
  expect(Code.CREATED).toBe(code);
  const before = door.sent.length;
  await door.world.fleet.observations.put(OWNER, 'victim', 'o', { paths: ['/3303/0/5700'] });
  await settle();
  const [request] = door.sent.slice(before);
  const message = request && decodeMessage(request.bytes);
  if (message === undefined || isMalformed(message)) throw new Error('it is observed');
  expect(request?.to.key).toBe(VICTIM.key);
  const { messageId } = message;
  const token = Uint8Array.from(message.token);
  const options = [uintOption(OptionNumber.OBSERVE, 1), uintOption(OptionNumber.CONTENT_FORMAT, 0)];
  const parts = { type: MessageType.ACK, code: Code.CONTENT, messageId, token, options };
  await door.take(VICTIM, encodeMessage({ ...parts, payload: encodeUtf8('20.5') }));
  expect(await door.world.fleet.observations.get(OWNER, 'victim', 'o')).toMatchObject({ state: 'active' });
  return { door, location, token };
}

const ABSENT = 'AAAAAAAAAA';

describe.each(KINDS)('an attacker whose identity is %s', (kind) => {
  const attacker = attackerOf(kind);

  it('who registers under the name of another is refused: 4.00, or 4.03 over plain CoAP', async () => {
    const { door } = await withVictim();
    const before = door.record();
    const { code } = await door.register(attacker, ['ep=victim']);
    expect(code).toBe(kind === 'none' ? Code.FORBIDDEN : Code.BAD_REQUEST);
    expect(door.record()).toBe(before);
    expect(await door.attempts()).toEqual([['register', kind]]);
  });

  const bodies: Readonly<Record<string, readonly [code: number, options: readonly Option[], payload?: string]>> = {
    'an empty Update': [Code.POST, []],
    'an Update with a lifetime': [Code.POST, [stringOption(OptionNumber.URI_QUERY, 'lt=60')]],
    'an Update that cannot be read': [Code.POST, [stringOption(OptionNumber.URI_QUERY, 'lt=soon')]],
    'an Update with an object list': [Code.POST, [uintOption(OptionNumber.CONTENT_FORMAT, 40)], '</1/0>,</6/0>'],
    'a De-register': [Code.DELETE, []],
  };
  it.each(Object.keys(bodies))('gets for %s of another what an absent location gets, byte for byte', async (name) => {
    const { door, location } = await withVictim();
    const before = door.record();
    const [code, options, payload] = bodies[name] as (typeof bodies)[string];
    const foreign = await door.ask(attacker, code, [...at('rd', location), ...options], payload);
    expect(await door.attempts()).toEqual([[code === Code.DELETE ? 'deregister' : 'update', kind]]);
    const absent = await door.ask(attacker, code, [...at('rd', ABSENT), ...options], payload);
    expect(foreign).toEqual(absent);
    expect(foreign.code).toBe(Code.NOT_FOUND);
    expect(door.record()).toBe(before);
    expect(await door.attempts()).toHaveLength(1);
  });

  it('sends no values: 4.04, as long as it has no registration of its own', async () => {
    const { door } = await withVictim();
    const before = door.record();
    const pack = '[{"bn":"/3303/0/","n":"5700","v":99}]';
    const { code } = await door.ask(
      attacker,
      Code.POST,
      [...at('dp'), uintOption(OptionNumber.CONTENT_FORMAT, 110)],
      pack,
    );
    expect(code).toBe(Code.NOT_FOUND);
    expect(door.record()).toBe(before);
    expect(await door.attempts()).toEqual(kind === 'none' ? [] : [['send', kind]]);
    expect(await door.value()).toMatchObject({ value: 20.5 });
  });

  it.each([MessageType.CON, MessageType.NON])(
    'gets a Reset for a notification (type %i) under a token of another',
    async (type) => {
      const { door, token } = await withVictim();
      const before = door.record();
      const options = [uintOption(OptionNumber.OBSERVE, 2), uintOption(OptionNumber.CONTENT_FORMAT, 0)];
      const parts = { type, code: Code.CONTENT, messageId: 0x7001, token, options };
      const out = await door.take(attacker, encodeMessage({ ...parts, payload: encodeUtf8('99') }));
      expect(out.map(({ to, hex }) => [to, hex])).toEqual([[attacker, '70007001']]);
      expect(door.record()).toBe(before);
      expect(await door.attempts()).toEqual([['notify', kind]]);
      expect(await door.value()).toMatchObject({ value: 20.5 });
      // The observation goes on: the victim's next notification is taken.
      const next = { type: MessageType.CON, code: Code.CONTENT, messageId: 0x7002, token, options };
      const taken = await door.take(VICTIM, encodeMessage({ ...next, payload: encodeUtf8('21.5') }));
      expect(taken.map(({ hex }) => hex)).toEqual(['60007002']);
      expect(await door.value()).toMatchObject({ value: 21.5 });
    },
  );
});

describe('the owner of a name', () => {
  it('registers without ep: the name comes from the identity', async () => {
    const door = await Door.open('known');
    const { code, location } = await door.register(VICTIM, []);
    expect(code).toBe(Code.CREATED);
    expect(door.world.fleet.endpointOf(location)).toBe('victim');
    expect((await door.ask(VICTIM, Code.POST, at('rd', location))).code).toBe(Code.CHANGED);
    expect((await door.ask(VICTIM, Code.DELETE, at('rd', location))).code).toBe(Code.DELETED);
    expect(await door.attempts()).toEqual([]);
  });

  it('is admitted where plain CoAP is not open; a plain one with no ep is told so', async () => {
    const door = await Door.open('known');
    expect((await door.register(plainPeer(0, '127.0.0.1', 1), [])).code).toBe(Code.BAD_REQUEST);
    expect((await door.register(plainPeer(0, '127.0.0.1', 1), ['ep=victim'])).code).toBe(Code.FORBIDDEN);
    expect((await door.register(VICTIM, ['ep=victim'])).code).toBe(Code.CREATED);
  });
});

describe('a refusal over plain CoAP', () => {
  it('is the same for a name that is not known and for one that is secured', async () => {
    const door = await Door.open('known');
    await door.world.fleet.credentials.put(OWNER, 'secured', 'one', { kind: 'psk', generate: true });
    const answers = [
      await door.register(plainPeer(0, '127.0.0.1', 1), ['ep=secured']),
      await door.register(plainPeer(0, '127.0.0.1', 2), ['ep=unknown']),
    ];
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.code).toBe(Code.FORBIDDEN);
  });
});
