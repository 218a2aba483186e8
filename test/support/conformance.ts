/**
 * The pieces that the OMA cases share: a scripted client with the configurations of the enabler test specification, and
 * the orders a test gives the server meanwhile. All datagrams of the client are literals; no encoder of ours is used.
 */

import { ScriptedPeer } from './scripted-peer.js';
import type { Caught } from './scripted-peer.js';
import { plain } from './test-server.js';
import type { Answer, TestServer } from './test-server.js';

/** Text as hex. */
export const utf8 = (text: string): string => Buffer.from(text).toString('hex');

/** A client with its name, and what the server did to it. */
export class ScriptedClient {
  readonly server: TestServer;
  readonly peer: ScriptedPeer;
  readonly endpoint: string;
  /** The location the server gave, as hex of its last segment. */
  location: Caught = {};

  private constructor(server: TestServer, peer: ScriptedPeer, endpoint: string) {
    this.server = server;
    this.peer = peer;
    this.endpoint = endpoint;
  }

  /**
   * A client that has sent a Register of LwM2M 1.1, or of the version given (message id 7d38, token ab01, lifetime 300, binding U) and was answered
   * 2.01 with a location of ten characters. The name has 2 to 9 characters.
   */
  static async registered(
    server: TestServer,
    endpoint: string,
    objects: string,
    lwm2m: '1.0' | '1.1' | '1.2' = '1.1',
  ): Promise<ScriptedClient> {
    const client = new ScriptedClient(server, await ScriptedPeer.open(server.coap), endpoint);
    client.location = await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named(endpoint)} 066c743d333030 096c776d326d3d${utf8(lwm2m)} 03623d55 ff ${utf8(objects)}`,
      CREATED,
    );
    return client;
  }

  /** A client that has sent nothing. */
  static async silent(server: TestServer, endpoint: string): Promise<ScriptedClient> {
    return new ScriptedClient(server, await ScriptedPeer.open(server.coap), endpoint);
  }

  /**
   * Orders an operation by REST while the client answers one request: gives the finished operation. Request and answer are
   * written as code and what follows the token: `01 b133 0130 60` and `45 c0 ff 41`.
   */
  async ordered(
    operation: Readonly<Record<string, unknown>>,
    request: string,
    response: string,
  ): Promise<Answer['body']> {
    const [finished] = await Promise.all([
      this.server.order(this.endpoint, operation),
      this.peer.answer(`48${headed(request)}`, `68${headed(response)}`),
    ]);
    return finished;
  }

  /** A read: the values the server made of the answer. */
  async read(path: string, format: string | undefined, request: string, response: string): Promise<unknown> {
    const operation = { kind: 'read', path, ...(format === undefined ? {} : { format }) };
    const { result, error } = await this.ordered(operation, request, response);
    if (result === undefined) throw new Error(`the read failed: ${JSON.stringify(error)}`);
    return plain((result as Readonly<Record<string, unknown>>)['node']);
  }

  /** An operation that succeeds: the CoAP code of its answer. */
  async done(operation: Readonly<Record<string, unknown>>, request: string, response: string): Promise<unknown> {
    const { state, result, error } = await this.ordered(operation, request, response);
    if (state !== 'succeeded') throw new Error(`${String(state)}: ${JSON.stringify(error)}`);
    return (result as Readonly<Record<string, unknown>>)['coapCode'];
  }

  /** An Update (token ab02) with what follows its path, and its 2.04. */
  async updates(messageId: string, rest = ''): Promise<void> {
    await this.peer.ask(
      `4202${messageId}ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL ${rest}`,
      `6244${messageId}ab02`,
      this.location,
    );
  }

  close(): void {
    this.peer.close();
  }
}

/** A confirmable request of the server, or an answer to it, from its code on: message id and 8-byte token are caught. */
export function headed(message: string): string {
  const [code = '', ...rest] = message.split(' ');
  return `${code}MMMM TTTTTTTTTTTTTTTT ${rest.join(' ')}`;
}

/** The Uri-Query `ep=…` that follows Content-Format, or Uri-Path when `delta` is 4. */
export function named(endpoint: string, delta = 3): string {
  const length = endpoint.length + 3;
  if (length > 12) throw new Error('the name of a scripted client has at most 9 characters');
  return `${delta}${length.toString(16)}${utf8(`ep=${endpoint}`)}`;
}

/** 2.01 to message id 7d38, token ab01, with the location `rd/LLLLLLLLLL`. */
export const CREATED = '62417d38ab01 827264 0aLLLLLLLLLLLLLLLLLLLL';
