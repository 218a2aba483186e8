/** Our messages and records begin with the numbers of the hello: whoever sends a hello chooses them. */

import { describe, expect, it } from '@jest/globals';

import { ContentType, handshakeMessage, HandshakeType } from '#dtls/codec';
import { cells } from './support/run.js';
import { Target } from './support/target.js';
import { cookieIn, hello, helloRecord, record } from './support/wire.js';

cells('numbers of hellos: cells');

describe('a hello with its cookie whose numbers leave no room for ours', () => {
  const begin = (sequence: number, recordNumber: number): Target => {
    const server = new Target();
    const cookie = cookieIn(server.take('198.51.100.7', 1, helloRecord()));
    const message = handshakeMessage(HandshakeType.CLIENT_HELLO, sequence, hello({ cookie }));
    server.take('198.51.100.7', 1, record(ContentType.HANDSHAKE, 0, recordNumber, message));
    server.pass(400_000);
    return server;
  };

  it.each([65_535, 65_534, 65_533, 65_530])('message_seq %d: nothing is thrown and nothing is left', (sequence) => {
    expect(begin(sequence, 1).held()).toBe(0);
  });

  it.each([2 ** 48 - 1, 2 ** 48 - 2, 2 ** 48 - 3, 2 ** 48 - 8])(
    'record %d: nothing is thrown and nothing is left',
    (number) => {
      expect(begin(1, number).held()).toBe(0);
    },
  );
});
