import { describe, expect, it } from '@jest/globals';
import coapPacket from 'coap-packet';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, isMalformed, OPTIONS, showCode } from '#coap/codec';
import type { MessageParts } from '#coap/codec';
import { fromHex } from '#base';
import { anyParts } from './arbitrary.js';
import { partsOf, read, SAMPLES } from './support.js';

type Packet = Parameters<typeof coapPacket.generate>[0];
type ParsedPacket = ReturnType<typeof coapPacket.parse>;

/** The names coap-packet writes in place of numbers; Echo and newer ones it shows as numbers. */
const UNNAMED = new Set([252, 292]);
const ALSO_NAMED: Readonly<Record<number, string>> = {
  2049: 'OCF-Accept-Content-Format-Version',
  2053: 'OCF-Content-Format-Version',
};

function nameOf(number: number): string {
  const name = UNNAMED.has(number) ? undefined : (OPTIONS.get(number)?.name ?? ALSO_NAMED[number]);
  return name ?? String(number);
}

/** Our parts as coap-packet takes them. */
function packetOf({ type, code, messageId, token, options, payload }: MessageParts): Packet {
  return {
    ...{ confirmable: type === 0, ack: type === 2, reset: type === 3 },
    ...{ code: showCode(code), messageId, token: Buffer.from(token), payload: Buffer.from(payload) },
    options: options.map(({ number, value }) => ({ name: nameOf(number), value: Buffer.from(value) })),
  };
}

/** The fields that are compared, of what coap-packet parsed or of our parts. */
function fieldsOf({ code, confirmable, ack, reset, messageId, token, options, payload }: ParsedPacket | Packet) {
  return { code, confirmable, ack, reset, messageId, token, options, payload };
}

function inOrder(said: MessageParts): MessageParts {
  return { ...said, options: [...said.options].sort((left, right) => left.number - right.number) };
}

const LARGE = 1_000_000;

describe('coap-packet, an independent implementation', () => {
  it('reads what we write', () => {
    fc.assert(
      fc.property(anyParts, (said) => {
        const parsed = coapPacket.parse(encodeMessage(said));
        expect(fieldsOf(parsed)).toEqual(fieldsOf(packetOf(inOrder(said))));
      }),
      { numRuns: 1000 },
    );
  });

  it('writes what we read', () => {
    fc.assert(
      fc.property(anyParts, (said) => {
        const bytes = coapPacket.generate(packetOf(inOrder(said)), LARGE);
        expect(partsOf(read(bytes))).toEqual(inOrder(said));
      }),
      { numRuns: 1000 },
    );
  });

  it('writes the same bytes as we do', () => {
    fc.assert(
      fc.property(anyParts, (said) => {
        expect(encodeMessage(said)).toEqual(coapPacket.generate(packetOf(inOrder(said)), LARGE));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(SAMPLES)('agrees on $name', ({ hex, parts: said }) => {
    expect(fieldsOf(coapPacket.parse(fromHex(hex)))).toEqual(fieldsOf(packetOf(said)));
    expect(coapPacket.generate(packetOf(said), LARGE)).toEqual(fromHex(hex));
  });

  it('reads whatever bytes we take for a message, and reads the same', () => {
    const nearly = fc
      .tuple(anyParts, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }))
      .map(([said, changes]) => {
        const bytes = encodeMessage(said);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    let accepted = 0;
    fc.assert(
      fc.property(nearly, (bytes) => {
        const message = decodeMessage(bytes);
        if (isMalformed(message)) return;
        accepted += 1;
        expect(fieldsOf(coapPacket.parse(bytes))).toEqual(fieldsOf(packetOf(partsOf(message))));
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});
