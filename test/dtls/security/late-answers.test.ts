/** Keys that come late: what a device says meanwhile waits for them. */

import { describe, expect, it } from '@jest/globals';

import { Device, knowsDevices } from './support/device.js';
import { cells } from './support/run.js';
import { Target } from './support/target.js';

cells('late answers: cells');

describe('an answer that comes late', () => {
  it.each(['no association', 'an association'])(
    'costs no repetition where the device has %s at its place',
    (before) => {
      let known = true;
      const server = new Target({ answer: (question) => (known ? knowsDevices(question) : undefined) });
      const place = { address: '198.51.100.7', port: 1 };
      const old = before === 'an association' ? new Device(server, place, 'dev-1').begin() : undefined;
      if (old !== undefined) old.take(old.data('old'));
      known = false;
      const questions: number[] = [];
      const next = server.endpoint.nextEvent.bind(server.endpoint);
      server.endpoint.nextEvent = () => {
        const event = next();
        if (event?.type === 'question') questions.push(event.question);
        return event;
      };
      new Device(server, place, 'dev-1', { random: 9 }).begin();
      if (old !== undefined) old.take(old.data('meanwhile'));
      const already = server.count('established');
      server.endpoint.answer(
        server.now,
        questions[0] ?? -1,
        knowsDevices({ about: 'psk', identity: Buffer.from('dev-1') }),
      );
      server.drain();
      expect(server.count('established')).toBe(already + 1);
      expect(server.delivered).toEqual(old === undefined ? [] : ['old', 'meanwhile']);
    },
  );
});
