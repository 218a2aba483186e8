/**
 * One device sends notifications as fast as it can (security.md row 10): what is above its rate is dropped and counted, the
 * loop goes on, and other devices are served as always.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { expect, it } from '@jest/globals';
import { ScriptedClient } from '../support/conformance.js';
import { TestServer, until } from '../support/test-server.js';

const COUNT = 10_000;
/** Sends notifications under a token from a port for a second, in another process; prints how many. */
const STORM = `
const [port, own, token] = process.argv.slice(1);
const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true });
socket.bind(Number(own), '127.0.0.1', async () => {
  for (let id = 0; id < ${COUNT}; id += 1) {
    const head = Buffer.from([0x58, 0x45, id >> 8, id & 255]);
    const observe = Buffer.from([0x62, (id + 2) >> 8, (id + 2) & 255]);
    socket.send(Buffer.concat([head, Buffer.from(token, 'hex'), observe, Buffer.from('60ff3934', 'hex')]), Number(port), '127.0.0.1');
    if (id % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  socket.close();
});`;

it('10,000 notifications in a second disturb nobody, and all beyond 10 a second and a burst of 100 are counted as dropped', async () => {
  const server = await TestServer.start();
  const other = await ScriptedClient.registered(server, 'other', '</1/0>,</3/0>');
  const stormy = await ScriptedClient.registered(server, 'stormy', '</1/0>,</3/0>');
  const wanted = server.rest('PUT', '/devices/stormy/observations/o', { paths: ['/3/0/9'], format: 'text' });
  const { T = '' } = await stormy.peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
    '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
  );
  expect((await wanted).status).toBe(200);
  const own = String(stormy.peer.port);
  stormy.close();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const began = performance.now();
  const storm = spawn(process.execPath, ['-e', STORM, new URL(server.coap).port, own, T], { stdio: 'inherit' });
  const ended = once(storm, 'exit').then(([code]) => {
    expect(code).toBe(0);
    return 'ended';
  });
  let refreshed = 0;
  for (;;) {
    const first = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))]);
    if (first === 'ended') break;
    await other.updates((0x1000 + refreshed).toString(16));
    refreshed += 1;
  }
  delay.disable();
  const { taken, dropped } = await until('all were looked at', async () => {
    const response = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${server.token}` } });
    const text = await response.text();
    const count = (name: string): number => Number(new RegExp(`coap_${name}_total (\\d+)`).exec(text)?.[1]);
    const [taken, dropped] = [count('notifications_received'), count('dropped_notification_rate')];
    return taken + dropped > 0.9 * COUNT ? { taken, dropped } : undefined;
  });
  const seconds = (performance.now() - began) / 1000;
  expect(taken).toBeGreaterThanOrEqual(100);
  expect(taken).toBeLessThanOrEqual(100 + 10 * (seconds + 1));
  expect(taken + dropped).toBeLessThanOrEqual(COUNT);
  expect(refreshed).toBeGreaterThan(10);
  expect(delay.percentile(99) / 1e6).toBeLessThan(50);
  other.close();
  await server.stop();
});
