/** Simulated devices on real sockets of the loopback interface, against a small server on the same stack. */

import { describe, expect, it } from '@jest/globals';

import { plainPeer } from '#base';
import type { Peer } from '#base';
import { Code, MessageType, OptionNumber, showCode } from '#coap/codec';
import { parametersWith } from '#coap/endpoint';
import { totalOf } from '#simulator';

import { serverOf, stackOptions, swarmOf, until } from './small-server.js';
import { kindOf } from './support.js';

describe('a swarm', () => {
  it('registers its devices from a port each, and de-registers all at stop', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port, { count: 200 });
    await swarm.start();
    expect(swarm.counts()).toEqual({ open: 200, registered: 200, refused: 0 });
    expect([...server.peers.keys()].slice(0, 3)).toEqual(['sim-1', 'sim-2', 'sim-3']);
    expect(new Set([...server.peers.values()].map(({ port }) => port)).size).toBe(200);
    expect(await swarm.stop(5_000)).toBe(0);
    const gone = server.log
      .filter((line) => line.startsWith(`${Code.DELETE} `))
      .map((line) => line.slice(2))
      .sort();
    expect(gone).toEqual([...server.locations.values()].map((location) => `/rd/${location}`).sort());
  });

  it('says what the server answered when it refuses', async () => {
    const server = await serverOf();
    server.registerCode = Code.FORBIDDEN;
    const { swarm, events } = swarmOf(server.port, { count: 3 });
    await swarm.start();
    expect(swarm.counts()).toEqual({ open: 3, registered: 0, refused: 3 });
    expect(events[0]).toEqual({
      name: 'sim-1',
      type: 'refused',
      operation: 'register',
      code: Code.FORBIDDEN,
      detail: 'Forbidden',
    });
    expect(await swarm.stop(1_000)).toBe(0);
  });

  it('ends although nobody answers, and says how many were not confirmed', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port, { count: 5 });
    await swarm.start();
    await server.close();
    expect(await swarm.stop(50)).toBe(5);
  });

  it('can be stopped while it starts', async () => {
    const server = await serverOf();
    const { swarm, events } = swarmOf(server.port, { count: 500 });
    const started = swarm.start();
    await until(() => events.some(({ type }) => type === 'registered'), 'a device registers');
    expect(await swarm.stop(5_000)).toBe(0);
    await started;
    expect(swarm.counts().open).toBeLessThan(500);
    expect(events.filter(({ type }) => type === 'deregistered')).toHaveLength(
      events.filter(({ type }) => type === 'registered').length,
    );
  });

  it('refuses names that no device can have', () => {
    expect(() => swarmOf(1, { prefix: 'x'.repeat(252) })).toThrow(/endpoint name/);
  });
});

describe('a device on a socket', () => {
  it('answers its server, and 4.01 to anybody else', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port);
    await swarm.start();
    const answer = await server.ask('sim-1', { code: Code.GET, path: '/3/0/0' });
    expect(Buffer.from(answer.body).toString()).toBe('Bellwether');
    const stranger = await serverOf();
    const { address, port } = server.peers.get('sim-1') as Peer;
    stranger.peers.set('sim-1', plainPeer(0, address, port));
    expect(showCode((await stranger.ask('sim-1', { code: Code.GET, path: '/3/0/0' })).message.code)).toBe('4.01');
  });

  it('takes and gives bodies in blocks', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port, { kinds: [kindOf('1.1', { objects: [19] })] });
    await swarm.start();
    const payload = new Uint8Array(5_000).map((_, index) => index);
    const written = await server.ask('sim-1', {
      code: Code.PUT,
      path: '/19/0/0/0',
      format: 42,
      payload,
      preferredBlockSize: 64,
    });
    expect(showCode(written.message.code)).toBe('2.04');
    const read = await server.ask('sim-1', { code: Code.GET, path: '/19/0/0/0', accept: 42 });
    expect(Buffer.from(read.body).equals(Buffer.from(payload))).toBe(true);
    const whole = await server.ask('sim-1', { code: Code.GET, path: '/3', accept: 110, preferredBlockSize: 64 });
    expect(JSON.parse(Buffer.from(whole.body).toString())).toContainEqual({ n: '0/0', vs: 'Bellwether', bn: '/3/' });
  });

  it('notifies, and stops at Observe 1', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port);
    await swarm.start();
    expect(await server.observe('/3/0/14', 1)).toBe(true);
    expect(await server.observe('/3/0/15', 2)).toBe(true);
    await server.write('/3/0/14', '+01:00');
    await until(() => server.notifications.length === 1, 'a notification');
    expect(server.notifications[0]).toMatchObject({ confirmable: true, fresh: true, final: false });
    expect(server.told(1)).toEqual(['+01:00']);
    const cancel = { code: Code.GET, path: '/3/0/14', accept: 0, observe: 'cancel', token: Uint8Array.of(1) } as const;
    const last = await server.ask('sim-1', cancel);
    expect([showCode(last.message.code), last.message.has(OptionNumber.OBSERVE)]).toEqual(['2.05', false]);
    await server.write('/3/0/14', '+02:00');
    await server.write('/3/0/15', 'later');
    await until(() => server.told(2).length === 1, 'the notification of what was written later');
    expect(server.told(1)).toEqual(['+01:00']);
  });

  it('stops notifying when a notification is answered with RST', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port, { notifications: 'non' });
    await swarm.start();
    expect(await server.observe('/3/0/14', 1)).toBe(true);
    expect(await server.observe('/3/0/15', 2)).toBe(true);
    server.verdict = 'reject';
    await server.write('/3/0/14', 'a');
    await until(() => server.told(1).length === 1, 'a notification');
    server.verdict = 'acknowledge';
    await server.write('/3/0/14', 'b');
    await server.write('/3/0/15', 'later');
    await until(() => server.told(2).length === 1, 'the notification of what was written later');
    expect(server.told(1)).toEqual(['a']);
  });

  it('registers anew when its Update is answered 4.04, without the observers it had', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port);
    await swarm.start();
    expect(await server.observe('/3/0/14', 1)).toBe(true);
    server.updateCode = Code.NOT_FOUND;
    const before = server.locations.get('sim-1');
    await server.ask('sim-1', { code: Code.POST, path: '/1/0/8' });
    await until(() => server.locations.get('sim-1') !== before, 'a new registration');
    await until(() => swarm.counts().registered === 1, 'the answer to it');
    expect(await server.observe('/3/0/15', 2)).toBe(true);
    await server.write('/3/0/14', 'unheard');
    await server.write('/3/0/15', 'heard');
    await until(() => server.told(2).length === 1, 'the notification to the new observer');
    expect(server.told(1)).toEqual([]);
  });

  it('is away after /1/0/4 for the seconds of /1/0/5, then registers again', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port);
    await swarm.start();
    const before = server.locations.get('sim-1');
    await server.write('/1/0/5', '1');
    await server.ask('sim-1', { code: Code.POST, path: '/1/0/4' });
    await until(() => server.locations.get('sim-1') !== before, 'a new registration');
    expect(server.log.map((line) => line.replace(/sim.*/, ''))).toEqual(['2 /rd', '4 /rd/', '2 /rd']);
  });

  it('follows a lifetime of a second that is written to /1/0/1', async () => {
    const server = await serverOf();
    const { swarm } = swarmOf(server.port);
    await swarm.start();
    await server.write('/1/0/1', '1');
    await until(() => server.log.length >= 4, 'updates');
    expect(server.log.slice(1, 4).every((line) => line.startsWith('2 /rd/sim-1.'))).toBe(true);
  });
});

describe('devices whose link loses datagrams', () => {
  it('all register nonetheless, and tell how often they sent again and what was lost', async () => {
    const server = await serverOf();
    const stack = { ...stackOptions([]), parameters: parametersWith({ ackTimeout: 50, maxRetransmit: 10 }) };
    const { swarm } = swarmOf(server.port, { count: 40, loss: 0.3, stack });
    await swarm.start();
    expect(swarm.counts()).toEqual({ open: 40, registered: 40, refused: 0 });
    const reports = swarm.reports();
    const total = totalOf(reports);
    expect(reports.map(({ endpoint }) => endpoint)).toEqual(Array.from({ length: 40 }, (_, at) => `sim-${at + 1}`));
    expect(total).toMatchObject({ devices: 40, registered: 40, registrations: 40, refusals: 0 });
    // Of 40 Registers and their answers about 3 in 10 are lost each way.
    expect(total['lostOut']).toBeGreaterThan(3);
    expect(total['lostIn']).toBeGreaterThan(1);
    expect(total['retransmissions']).toBeGreaterThanOrEqual((total['lostOut'] ?? 0) + (total['lostIn'] ?? 0));
    // What was sent and not lost has reached the server, which heard each of it.
    expect(total['datagramsOut']).toBe(40 + (total['retransmissions'] ?? 0));
  });

  it('reach nobody when all is lost', async () => {
    const server = await serverOf();
    const stack = { ...stackOptions([]), parameters: parametersWith({ ackTimeout: 50, maxRetransmit: 1 }) };
    const { swarm } = swarmOf(server.port, { loss: 1, stack });
    await swarm.start();
    expect(swarm.reports()).toMatchObject([
      { state: 'not registered', registrations: 0, unanswered: 1, datagramsOut: 2, lostOut: 2, datagramsIn: 0 },
    ]);
    expect(server.log).toEqual([]);
  });
});

describe('devices with faults', () => {
  it('answer late by a separate response', async () => {
    const server = await serverOf();
    const stack = { ...stackOptions([]), parameters: parametersWith({ processingTime: 20 }) };
    const faults = [{ type: 'late', seconds: 0.2, path: [3, 0, 0] }] as const;
    const { swarm } = swarmOf(server.port, { faults, stack });
    await swarm.start();
    const before = swarm.reports()[0]?.datagramsOut ?? 0;
    const { message, body } = await server.ask('sim-1', { code: Code.GET, path: '/3/0/0' });
    expect([message.type, Buffer.from(body).toString()]).toEqual([MessageType.CON, 'Bellwether']);
    // The empty acknowledgement, and the answer.
    expect(swarm.reports()[0]?.datagramsOut).toBe(before + 2);
  });

  it('lose acknowledgements, and are asked the same again, which they do once', async () => {
    const server = await serverOf(parametersWith({ ackTimeout: 50, maxRetransmit: 10 }));
    const { swarm } = swarmOf(server.port, { faults: [{ type: 'loseAcks', share: 0.5 }] });
    await swarm.start();
    for (let value = 0; value < 10; value += 1) await server.write('/3/0/14', `+0${value}:00`);
    const report = swarm.reports()[0];
    expect(report?.requests).toBe(10);
    expect(report?.lostOut).toBeGreaterThan(1);
    expect(report?.duplicates).toBeGreaterThanOrEqual(report?.lostOut ?? Infinity);
    expect(report?.registrations).toBe(1);
  });
});
