/** Messages from literal bytes, put together by hand and never by the encoder under test; and a small object model. */

import { fromHex, toHex } from '#base';
import { decodeMessage, encodeMessage, isMalformed } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { DeviceDialect, ModelView, ObjectDefinition, ResourceDefinition, ResourceType } from '#lwm2m/model';
import type { EncodedRequest } from '#lwm2m/protocol';

/** The message in hex digits (blanks allowed). */
export function received(hex: string): Message {
  const message = decodeMessage(fromHex(hex));
  if (isMalformed(message)) throw new Error(`malformed: ${message.malformed}`);
  return message;
}

/** A request as hex: confirmable, message id 1, one-byte token c1; as the endpoint would send it without Observe. */
export function sent(request: EncodedRequest): string {
  const { code, options, payload } = request;
  return toHex(encodeMessage({ type: 0, code, messageId: 1, token: fromHex('c1'), options, payload }));
}

/** How to put a Register or Update together. */
export interface RegistrationSketch {
  readonly query?: readonly (string | Uint8Array)[];
  readonly payload?: string | Uint8Array;
  /** 40 unless said; `none` leaves the option out. */
  readonly format?: number | 'none';
  /** 0 (confirmable) unless said. */
  readonly type?: number;
  readonly code?: number;
  readonly path?: readonly string[];
}

/** A Register (or Update, with `path`) as a decoded message; options are laid out here byte by byte. */
export function registration(sketch: RegistrationSketch): { message: Message; body: Uint8Array } {
  const parts: Buffer[] = [Buffer.from([0x40 | ((sketch.type ?? 0) << 4), sketch.code ?? 0x02, 0x7d, 0x38])];
  let last = 0;
  const option = (number: number, value: Uint8Array): void => {
    const delta = number - last;
    last = number;
    parts.push(Buffer.from(value.length < 13 ? [(delta << 4) | value.length] : [(delta << 4) | 13, value.length - 13]));
    parts.push(Buffer.from(value));
  };
  for (const segment of sketch.path ?? ['rd']) option(11, Buffer.from(segment));
  const format = sketch.format ?? 40;
  if (format !== 'none') option(12, format < 256 ? Buffer.from([format]) : Buffer.from([format >> 8, format & 0xff]));
  for (const text of sketch.query ?? []) option(15, Buffer.from(text as string));
  const body = Buffer.from((sketch.payload ?? '') as string);
  if (body.length > 0) parts.push(Buffer.from([0xff]), body);
  return { message: received(Buffer.concat(parts).toString('hex')), body };
}

/** A device to speak with: LwM2M 1.1 without `ct` and without root unless said otherwise. */
export function dialect(more: Partial<DeviceDialect> = {}): DeviceDialect {
  return { lwm2m: '1.1', root: '', formats: [], model: MODEL, ...more };
}

/** Type and number of values of the resources used in these tests. */
const RESOURCES: Readonly<Record<string, readonly [ResourceType | 'none', 'single' | 'multiple']>> = {
  '1/0': ['integer', 'single'],
  '1/1': ['integer', 'single'],
  '1/2': ['integer', 'single'],
  '1/3': ['integer', 'single'],
  '1/5': ['integer', 'single'],
  '1/6': ['boolean', 'single'],
  '1/7': ['string', 'single'],
  '1/8': ['none', 'single'],
  '3/0': ['string', 'single'],
  '3/1': ['string', 'single'],
  '3/2': ['string', 'single'],
  '3/3': ['string', 'single'],
  '3/4': ['none', 'single'],
  '3/6': ['integer', 'multiple'],
  '3/7': ['integer', 'multiple'],
  '3/8': ['integer', 'multiple'],
  '3/9': ['integer', 'single'],
  '3/11': ['integer', 'multiple'],
  '3/13': ['time', 'single'],
  '3/14': ['string', 'single'],
  '3/15': ['string', 'single'],
  '3/16': ['string', 'single'],
  '5/0': ['opaque', 'single'],
  '16/0': ['string', 'multiple'],
  '3303/5700': ['float', 'single'],
};

function definitionOf(object: number): ObjectDefinition | undefined {
  const resources = new Map<number, ResourceDefinition>();
  for (const [key, [type, multiple]] of Object.entries(RESOURCES)) {
    const [owner, id] = key.split('/').map(Number) as [number, number];
    if (owner === object) {
      resources.set(id, {
        id,
        name: `R${id}`,
        operations: 'RW',
        multiple,
        mandatory: 'optional',
        type,
        description: '',
      });
    }
  }
  if (resources.size === 0) return undefined;
  const urn = `urn:oma:lwm2m:x:${object}`;
  const common = { version: '1.0', urn, lwm2mVersion: '1.0', multiple: 'multiple', mandatory: 'optional' } as const;
  return { ...common, id: object, name: `O${object}`, description: '', resources };
}

const MODEL: ModelView = {
  object: definitionOf,
  resource: (object, resource) => definitionOf(object)?.resources.get(resource),
};
