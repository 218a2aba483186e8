/**
 * A device on a socket of its own whose datagrams are made and read by coap-packet, so that no codec of ours is used. It
 * answers the server's requests as a test says, or keeps them.
 */

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { generate, parse } from 'coap-packet';
import type { ParsedPacket } from 'coap-packet';

/** A request of the server: method code such as `0.01`, path `/3/0`, query, payload. */
export interface DeviceAsked {
  readonly code: string;
  readonly path: string;
  readonly query: string;
  readonly observe: string | undefined;
  readonly payload: string;
  readonly packet: ParsedPacket;
}

/** What is answered: a code such as `2.05`, with text unless another Content-Format is given. */
export interface DeviceSays {
  readonly code: string;
  readonly text?: string;
  readonly location?: readonly string[];
  readonly observe?: number;
}

/** Says what a device answers; undefined leaves the request without any word. */
export type DeviceManner = (asked: DeviceAsked) => DeviceSays | undefined;

/** Of all devices together: one may get the port of another that was closed, whose message ids are still remembered. */
let messageId = 0;

/** One device. */
export class PacketDevice {
  readonly endpoint: string;
  readonly asked: DeviceAsked[] = [];
  manner: DeviceManner;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #answers = new Map<number, (packet: ParsedPacket) => void>();
  #location: readonly string[] = [];

  private constructor(socket: Socket, port: number, endpoint: string, manner: DeviceManner) {
    this.endpoint = endpoint;
    this.manner = manner;
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => {
      this.#take(parse(bytes));
    });
  }

  /** A device that has registered at `coap://…` with binding U; `more` are further queries such as `Q`. */
  static async registered(
    server: string,
    endpoint: string,
    manner: DeviceManner = () => ({ code: '4.05' }),
    more: readonly string[] = [],
  ): Promise<PacketDevice> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const device = new PacketDevice(socket, Number(new URL(server).port), endpoint, manner);
    const code = await device.register(more);
    if (code !== '2.01') throw new Error(`the Register of ${endpoint} was answered with ${code}`);
    return device;
  }

  /** Registers (again): the code of the answer. */
  async register(more: readonly string[] = []): Promise<string> {
    const query = [`ep=${this.endpoint}`, 'lt=300', 'lwm2m=1.1', 'b=U', ...more];
    const answer = await this.#ask('0.02', ['rd'], query, '</1/0>,</3/0>,</3303/0>');
    this.#location = (answer.options ?? [])
      .filter(({ name }) => name === 'Location-Path')
      .map(({ value }) => String(value));
    return answer.code;
  }

  /** An Update without anything in it: the code of the answer. */
  async update(): Promise<string> {
    return (await this.#ask('0.02', this.#location, [])).code;
  }

  /** A notification, not to be acknowledged. */
  notify(token: Buffer, sequence: number, text: string): void {
    const options = [
      { name: 'Observe' as const, value: Buffer.from([sequence]) },
      { name: 'Content-Format' as const, value: Buffer.alloc(0) },
    ];
    this.#send({
      code: '2.05',
      confirmable: false,
      messageId: this.#next(),
      token,
      options,
      payload: Buffer.from(text),
    });
  }

  close(): void {
    this.#socket.close();
  }

  #ask(code: string, path: readonly string[], query: readonly string[], payload = ''): Promise<ParsedPacket> {
    const messageId = this.#next();
    const options = [
      ...path.map((value) => ({ name: 'Uri-Path' as const, value: Buffer.from(value) })),
      ...(payload === '' ? [] : [{ name: 'Content-Format' as const, value: Buffer.from([40]) }]),
      ...query.map((value) => ({ name: 'Uri-Query' as const, value: Buffer.from(value) })),
    ];
    this.#send({ code, confirmable: true, messageId, token: Buffer.from('q'), options, payload: Buffer.from(payload) });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`${code} /${path.join('/')} was not answered`));
      }, 10_000);
      this.#answers.set(messageId, (packet) => {
        clearTimeout(late);
        resolve(packet);
      });
    });
  }

  #take(packet: ParsedPacket): void {
    if (packet.ack || packet.reset) {
      this.#answers.get(packet.messageId)?.(packet);
      return;
    }
    const all = (name: string): string[] =>
      (packet.options ?? []).filter((option) => option.name === name).map(({ value }) => String(value));
    const observe = (packet.options ?? []).find(({ name }) => name === 'Observe')?.value;
    const asked: DeviceAsked = {
      code: packet.code,
      path: `/${all('Uri-Path').join('/')}`,
      query: all('Uri-Query').join('&'),
      observe: observe?.toString('hex'),
      payload: packet.payload.toString(),
      packet,
    };
    this.asked.push(asked);
    const says = this.manner(asked);
    if (says !== undefined) this.answer(asked, says);
  }

  /** Answers a request now, piggy-backed. */
  answer({ packet: { messageId, token } }: DeviceAsked, { code, text, location, observe }: DeviceSays): void {
    const options = [
      ...(observe === undefined ? [] : [{ name: 'Observe' as const, value: Buffer.from([observe]) }]),
      ...(location ?? []).map((value) => ({ name: 'Location-Path' as const, value: Buffer.from(value) })),
      ...(text === undefined ? [] : [{ name: 'Content-Format' as const, value: Buffer.alloc(0) }]),
    ];
    this.#send({
      code,
      ack: true,
      messageId,
      token: token ?? Buffer.alloc(0),
      options,
      payload: Buffer.from(text ?? ''),
    });
  }

  #send(packet: Parameters<typeof generate>[0]): void {
    this.#socket.send(generate(packet), this.#port, '127.0.0.1');
  }

  #next(): number {
    messageId = (messageId + 1) & 0xffff;
    return messageId;
  }
}
