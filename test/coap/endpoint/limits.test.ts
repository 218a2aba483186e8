/** Every limit of the endpoint is reached once, and its counter tells (security.md section 3). */

import { describe, expect, it } from '@jest/globals';
import { plainPeer } from '#base';
import { Code, OptionNumber, stringOption } from '#coap/codec';
import type { Parameters } from '#coap/endpoint';
import { DEVICE, OTHER, Script } from './harness.js';

const PATH = [stringOption(OptionNumber.URI_PATH, '3')];

function get(script: Script, peer = DEVICE): number {
  return script.endpoint.request(script.now, { peer, code: Code.GET, options: PATH });
}

/** A device asks for /a, /b, … and is answered with `size` bytes. */
function serve(script: Script, name: string, size: number): void {
  const hex = Buffer.from(name).toString('hex');
  script.receive(`4001${hex}${hex} b1${hex}`);
  const { exchange } = script.event('request');
  script.endpoint.respond(script.now, exchange, { code: Code.CONTENT, payload: new Uint8Array(size) });
}

/** Block `num` of a body in blocks of 1024 bytes to /rd. */
function upload(script: Script, num: number): void {
  const block = ((num << 4) | 0x0e).toString(16).padStart(4, '0');
  script.receive(`4002${(0x100 + num).toString(16).padStart(4, '0')} b27264 d203${block} ff ${'00'.repeat(1024)}`);
}

type Row = [values: Partial<Parameters>, counter: string, times: number, play: (script: Script) => void];

const ROWS: Row[] = [
  [
    { queuePerPeer: 1 },
    'requests_failed_queue_full',
    1,
    (script) => {
      for (let count = 0; count < 3; count += 1) get(script);
    },
  ],
  [
    { requestsTotal: 1 },
    'requests_failed_queue_full',
    1,
    (script) => {
      get(script);
      get(script, OTHER);
    },
  ],
  [
    { maxRetransmit: 1 },
    'requests_failed_timeout',
    1,
    (script) => {
      get(script);
      script.pass(9_000);
    },
  ],
  [
    { separateResponseWait: 5_000 },
    'requests_failed_timeout',
    1,
    (script) => {
      get(script);
      script.receive(`6000${script.one().slice(4, 8)}`);
      script.pass(5_000);
    },
  ],
  [
    { unprovenWait: 5_000 },
    'requests_failed_timeout',
    1,
    (script) => {
      script.endpoint.limitPeer(script.now, DEVICE, 0);
      get(script);
      script.pass(5_000);
    },
  ],
  [
    { bodyWait: 1_000 },
    'requests_failed_body_failed',
    1,
    (script) => {
      const payload = { id: 1, size: 5_000 };
      script.endpoint.request(script.now, { peer: DEVICE, code: Code.PUT, options: PATH, payload });
      script.pass(1_000);
    },
  ],
  [
    { processingTime: 500 },
    'empty_acks_sent',
    1,
    (script) => {
      script.receive('40010001');
      script.pass(500);
    },
  ],
  [
    { exchangesPerPeer: 2 },
    'dropped_exchanges_full',
    1,
    (script) => {
      for (const id of ['01', '02', '03']) script.receive(`400100${id}`);
    },
  ],
  [
    { exchangesTotal: 2 },
    'dropped_exchanges_full',
    1,
    (script) => {
      script.receive('40010001');
      script.receive('40010002');
      script.receive('40010001', OTHER);
    },
  ],
  [
    { duplicatesPerPeer: 2 },
    'duplicates_forgotten',
    1,
    (script) => {
      for (const id of ['01', '02', '03']) script.receive(`400100${id}`);
    },
  ],
  [
    { duplicatesTotal: 16 },
    'duplicates_forgotten',
    4,
    (script) => {
      for (let port = 1; port <= 20; port += 1) script.receive('40010001', plainPeer(0, '192.0.2.3', port));
    },
  ],
  [
    { optionsPerMessage: 16 },
    'malformed_too_many_options',
    1,
    (script) => {
      script.receive(`40010001 b0 ${'00'.repeat(15)}`);
      script.receive(`40010002 b0 ${'00'.repeat(16)}`);
    },
  ],
  [
    { bufferedBytesTotal: 65_536 },
    'assemblies_refused',
    1,
    (script) => {
      for (let num = 0; num < 70; num += 1) upload(script, num);
      expect(script.sent().filter((hex) => hex.startsWith('60a3'))).toHaveLength(1);
    },
  ],
  [
    { assemblyIdle: 60_000, assemblyLifetime: 90_000 },
    'assemblies_expired',
    1,
    (script) => {
      for (let num = 0; num < 3; num += 1) {
        upload(script, num);
        script.pass(40_000);
      }
    },
  ],
  [
    { downloadsPerPeer: 1 },
    'downloads_dropped',
    1,
    (script) => {
      serve(script, 'a', 2_000);
      serve(script, 'b', 2_000);
    },
  ],
  [
    { downloadIdle: 5_000 },
    'downloads_expired',
    1,
    (script) => {
      serve(script, 'a', 2_000);
      script.pass(5_000);
    },
  ],
  [
    { downloadBytesTotal: 65_536 },
    'downloads_refused',
    1,
    (script) => {
      serve(script, 'a', 70_000);
      expect(script.one()).toMatch(/^60a3/);
    },
  ],
  [
    { downloadBytesTotal: 65_536, downloadsPerPeer: 4 },
    'downloads_dropped',
    1,
    (script) => {
      serve(script, 'a', 40_000);
      serve(script, 'b', 40_000);
    },
  ],
  [
    { observationsPerPeer: 1 },
    'dropped_observations_full',
    1,
    (script) => {
      for (const token of [1, 2])
        script.endpoint.restoreObservation(Uint8Array.of(token), DEVICE, { code: Code.GET, options: PATH });
    },
  ],
  [
    { observationsPerPeer: 1 },
    'requests_failed_queue_full',
    1,
    (script) => {
      script.endpoint.restoreObservation(Uint8Array.of(1), DEVICE, { code: Code.GET, options: PATH });
      script.endpoint.request(script.now, { peer: DEVICE, code: Code.GET, options: PATH, observe: 'register' });
    },
  ],
  [
    { relationsPerPeer: 1 },
    'dropped_observations_full',
    1,
    (script) => {
      for (const id of ['01', '02']) {
        script.receive(`410100${id}${id} 60 51${id}`);
        const { exchange } = script.event('request');
        script.endpoint.respond(script.now, exchange, { code: Code.CONTENT, observe: { sequence: 1 } });
        script.events();
      }
    },
  ],
  [
    { notificationRate: 1, notificationBurst: 2 },
    'dropped_notification_rate',
    2,
    (script) => {
      script.endpoint.restoreObservation(Uint8Array.of(1), DEVICE, { code: Code.GET, options: PATH });
      for (const id of ['01', '02', '03', '04']) script.receive(`514500${id} 01 61${id}`);
      script.pass(1_000);
      script.receive('51450005 01 6105');
    },
  ],
];

describe('a limit that is reached', () => {
  it.each(ROWS)('%j is counted as %s, %i times', (values, counter, times, play) => {
    const script = new Script(values);
    const before = script.endpoint.counters[counter] ?? 0;
    expect(before).toBe(0);
    play(script);
    expect(script.endpoint.counters[counter]).toBe(times);
  });
});
