/** The OpenAPI document: a linter passes it, and what the server really answers is what it says. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { certificate } from '../fleet/security/keys.js';
import { PacketDevice } from '../support/packet-device.js';
import { authorityNow, privatePem, serverKey } from '../support/server-keys.js';
import { TestServer } from '../support/test-server.js';
import { pair } from '../support/x509.js';

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}
interface Document {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

let server: TestServer;
let keys: string;
let device: PacketDevice;
let document: Document;

beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), 'bellwether-openapi-'));
  const { key, chain } = serverKey(authorityNow('CA'), 'door');
  writeFileSync(join(keys, 'key.pem'), key);
  writeFileSync(join(keys, 'chain.pem'), chain);
  server = await TestServer.start({ 'coaps-key': join(keys, 'key.pem'), 'coaps-chain': join(keys, 'chain.pem') });
  device = await PacketDevice.registered(server.coap, 'o1', ({ code, path, observe }) => {
    if (code === '0.02' && path === '/3303') return { code: '2.01', location: ['3303', '2'] };
    if (code !== '0.01') return { code: code === '0.04' ? '2.02' : '2.04' };
    return { code: '2.05', text: '60', ...(observe === '' && { observe: 1 }) };
  });
  document = (await server.rest('GET', '/openapi.json')).body as unknown as Document;
});
afterAll(async () => {
  device.close();
  await server.stop();
  rmSync(keys, { recursive: true });
});

const all = (): [path: string, method: string, described: Described][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): [string, string, Described] => [path, method, described]),
  );

describe('each operation', () => {
  it('refuses a query that it does not know, and a JSON body that does not fit', async () => {
    const refused: string[] = [];
    for (const [path, method, { requestBody }] of all()) {
      const place = path.replace(/^\/api\/v1/, '').replaceAll(/\{\w+\}/g, '1');
      const query = await server.rest(method.toUpperCase(), `${place}?nothing=1`);
      refused.push(`${method} ${path}?nothing=1: ${String(query.body['code'])}`);
      if (requestBody?.content['application/json'] === undefined) continue;
      const body = await server.rest(method.toUpperCase(), place, 7);
      refused.push(`${method} ${path}: ${String(body.body['code'])}`);
    }
    expect(refused.length).toBeGreaterThan(80);
    expect(refused.filter((said) => !/: invalid_(query|body)$/.test(said))).toEqual([]);
  });
});

describe('the OpenAPI document', () => {
  it('is valid by the schema of OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    );
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it('has one id, a summary and a known tag for each operation, a parameter for each part of a path, and its errors', () => {
    const tags = document.tags.map(({ name }) => name);
    const ids = all().map(([, , { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, , { operationId, summary, tags: own, parameters, responses }] of all()) {
      expect(operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(summary.length).toBeGreaterThan(5);
      expect(tags).toEqual(expect.arrayContaining([...own]));
      const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '405']));
      expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
    }
  });

  it('has every reference point at something', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(20);
    for (const path of references) {
      const found = path.split('/').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], document);
      expect(found).toBeDefined();
    }
  });
});

const OBJECT = `<LWM2M><Object ObjectType="MODefinition"><Name>Test</Name><Description1>d</Description1><ObjectID>33000</ObjectID><ObjectURN>urn:oma:lwm2m:x:33000</ObjectURN><LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.0</ObjectVersion><MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory><Resources><Item ID="0"><Name>N</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances><Mandatory>Mandatory</Mandatory><Type>Integer</Type><RangeEnumeration></RangeEnumeration><Units></Units><Description>d</Description></Item></Resources><Description2></Description2></Object></LWM2M>`;
const XML = { 'content-type': 'application/xml' };
const CSV = { 'content-type': 'text/csv' };
const SET = { prefer: 'wait=0' };

const SERVER_KEY = privatePem(pair());

/** Requests in order: operation id, method, path, body, headers, status. */
const REQUESTS: readonly (readonly [string, string, string, unknown, Readonly<Record<string, string>>, number])[] = [
  ['getHealth', 'GET', '/healthz', undefined, {}, 200],
  ['getReadiness', 'GET', '/readyz', undefined, {}, 200],
  ['getMetrics', 'GET', '/metrics', undefined, {}, 200],
  ['getDescription', 'GET', '/openapi.json', undefined, {}, 200],
  ['addObject', 'POST', '/objects', OBJECT, XML, 201],
  ['addObject', 'POST', '/objects', OBJECT.replace('Test', 'Other'), XML, 409],
  ['addObject', 'POST', '/objects', '<!DOCTYPE x><LWM2M/>', XML, 400],
  ['listObjects', 'GET', '/objects', undefined, {}, 200],
  ['getObjectDefinition', 'GET', '/objects/33000', undefined, {}, 200],
  ['getObjectDefinition', 'GET', '/objects/3', undefined, {}, 200],
  ['getObjectDefinition', 'GET', '/objects/65001', undefined, {}, 404],
  ['listDevices', 'GET', '/devices', undefined, {}, 200],
  ['listDevices', 'GET', '/devices?fields=tags&limit=1', undefined, {}, 200],
  ['listDevices', 'GET', '/devices?filter=x', undefined, {}, 400],
  ['getDevice', 'GET', '/devices/o1', undefined, {}, 200],
  ['getDevice', 'GET', '/devices/none', undefined, {}, 404],
  ['patchDevice', 'PATCH', '/devices/o1', { tags: { a: 'b' }, awakeWindow: 10 }, {}, 200],
  ['patchDevice', 'PATCH', '/devices/o1', { tags: 1 }, {}, 400],
  ['patchDevice', 'PATCH', '/devices/o1', {}, { 'if-match': '"x"' }, 412],
  ['patchDevice', 'PATCH', '/devices/o1', {}, { 'content-type': 'text/plain' }, 415],
  ['createOperation', 'POST', '/devices/o1/operations', { kind: 'read', path: '/1/0/1' }, {}, 200],
  ['createOperation', 'POST', '/devices/o1/operations', { kind: 'read', path: '/1/0/1' }, SET, 202],
  [
    'createOperation',
    'POST',
    '/devices/o1/operations',
    { kind: 'write', path: '/1/0/1', mode: 'replace', value: { type: 'integer', value: '5' } },
    {},
    200,
  ],
  [
    'createOperation',
    'POST',
    '/devices/o1/operations',
    { kind: 'writeAttributes', path: '/1/0/1', attributes: { pmin: 5, gt: null } },
    {},
    200,
  ],
  ['createOperation', 'POST', '/devices/o1/operations', { kind: 'discover', path: '/3' }, {}, 200],
  ['createOperation', 'POST', '/devices/o1/operations', { kind: 'read' }, {}, 400],
  ['listOperations', 'GET', '/devices/o1/operations?limit=2', undefined, {}, 200],
  ['getOperation', 'GET', '/operations/none', undefined, {}, 404],
  ['cancelOperation', 'DELETE', '/operations/none', undefined, {}, 404],
  ['getResource', 'GET', '/devices/o1/resources/1/0/1?live=true', undefined, {}, 200],
  ['getResource', 'GET', '/devices/o1/resources/1/0/1', undefined, {}, 200],
  ['getResource', 'GET', '/devices/o1/resources/1/0/1?live=true', undefined, SET, 202],
  ['getResource', 'GET', '/devices/o1/resources/1/0/99', undefined, {}, 404],
  ['getResource', 'GET', '/devices/o1/resources/1/0/x', undefined, {}, 400],
  ['getInstance', 'GET', '/devices/o1/resources/1/0', undefined, {}, 200],
  ['getObject', 'GET', '/devices/o1/resources/1', undefined, {}, 200],
  ['getResourceInstance', 'GET', '/devices/o1/resources/3/0/6/0?live=true', undefined, {}, 200],
  ['replaceInstance', 'PUT', '/devices/o1/resources/1/0', { value: { 1: 60 } }, {}, 200],
  ['replaceResource', 'PUT', '/devices/o1/resources/1/0/1', { value: 60 }, {}, 200],
  ['replaceResource', 'PUT', '/devices/o1/resources/1/0/1', { value: 'x' }, {}, 400],
  ['replaceResourceInstance', 'PUT', '/devices/o1/resources/3/0/6/0', { value: 1 }, {}, 200],
  ['updateInstance', 'PATCH', '/devices/o1/resources/1/0', { value: { 1: 60 } }, {}, 200],
  ['updateResource', 'PATCH', '/devices/o1/resources/1/0/1', { value: 60 }, {}, 200],
  ['executeResource', 'POST', '/devices/o1/resources/3/0/4', { arguments: '0' }, {}, 200],
  ['createInstance', 'POST', '/devices/o1/resources/3303', { instance: 2, value: { 5700: 1.5 } }, {}, 200],
  ['deleteInstance', 'DELETE', '/devices/o1/resources/3303/2', undefined, {}, 200],
  ['deleteResource', 'DELETE', '/devices/o1/resources/3303/2/1', undefined, {}, 400],
  ['deleteResourceInstance', 'DELETE', '/devices/o1/resources/3/0/6/0', undefined, {}, 200],
  [
    'putObservation',
    'PUT',
    '/devices/o1/observations/o',
    { paths: ['/1/0/1'], attributes: { pmin: 1 }, format: 'text' },
    {},
    200,
  ],
  ['putObservation', 'PUT', '/devices/o1/observations/o', { paths: [] }, {}, 400],
  ['getObservation', 'GET', '/devices/o1/observations/o', undefined, {}, 200],
  ['getObservation', 'GET', '/devices/o1/observations/none', undefined, {}, 404],
  ['listObservations', 'GET', '/devices/o1/observations', undefined, {}, 200],
  ['deleteObservation', 'DELETE', '/devices/o1/observations/o', undefined, {}, 204],
  ['putModel', 'PUT', '/models/M1', { awakeWindow: 5 }, {}, 200],
  ['putModel', 'PUT', '/models/M1', {}, {}, 400],
  ['listModels', 'GET', '/models', undefined, {}, 200],
  ['getModel', 'GET', '/models/M1', undefined, {}, 200],
  ['getModel', 'GET', '/models/none', undefined, {}, 404],
  ['deleteModel', 'DELETE', '/models/M1', undefined, {}, 204],
  ['putProfile', 'PUT', '/profiles/6:27354b9a', { objects: [{ id: 3, instances: [0] }] }, {}, 200],
  ['putProfile', 'PUT', '/profiles/6:27354b9a', { objects: [] }, {}, 400],
  ['listProfiles', 'GET', '/profiles', undefined, {}, 200],
  ['getProfile', 'GET', '/profiles/6:27354b9a', undefined, {}, 200],
  ['getProfile', 'GET', '/profiles/none', undefined, {}, 404],
  ['deleteProfile', 'DELETE', '/profiles/6:27354b9a', undefined, {}, 204],
  ['putCredential', 'PUT', '/devices/o2/credentials/k', { kind: 'psk', generate: true, label: 'x' }, {}, 201],
  ['putCredential', 'PUT', '/devices/o2/credentials/k', { kind: 'psk', generate: true }, {}, 200],
  ['putCredential', 'PUT', '/devices/o2/credentials/k', { kind: 'psk' }, {}, 400],
  ['putCredential', 'PUT', '/devices/o3/credentials/k', { kind: 'psk', identity: 'o2', generate: true }, {}, 409],
  ['listCredentials', 'GET', '/devices/o2/credentials', undefined, {}, 200],
  ['getCredential', 'GET', '/devices/o2/credentials/k', undefined, {}, 200],
  ['getCredential', 'GET', '/devices/o2/credentials/none', undefined, {}, 404],
  ['clearSecured', 'DELETE', '/devices/o2/secured', undefined, {}, 409],
  ['deleteCredential', 'DELETE', '/devices/o2/credentials/k', undefined, {}, 204],
  ['getDevice', 'GET', '/devices/o2', undefined, {}, 200],
  ['clearSecured', 'DELETE', '/devices/o2/secured', undefined, {}, 204],
  ['importCredentials', 'POST', '/credentials/import?dryRun=true', 'endpoint,id,kind\n', CSV, 200],
  ['importCredentials', 'POST', '/credentials/import', 'colour\n', CSV, 400],
  ['putTrustAnchor', 'PUT', '/trust-anchors/ca', { certificate: certificate('CA') }, {}, 200],
  ['putTrustAnchor', 'PUT', '/trust-anchors/ca', { certificate: 'x' }, {}, 400],
  ['listTrustAnchors', 'GET', '/trust-anchors', undefined, {}, 200],
  ['getTrustAnchor', 'GET', '/trust-anchors/ca', undefined, {}, 200],
  ['getTrustAnchor', 'GET', '/trust-anchors/none', undefined, {}, 404],
  ['deleteTrustAnchor', 'DELETE', '/trust-anchors/ca', undefined, {}, 204],
  ['putRevocationList', 'PUT', '/revocation-lists/ca', { list: 'MAA=' }, {}, 200],
  ['listRevocationLists', 'GET', '/revocation-lists', undefined, {}, 200],
  ['getRevocationList', 'GET', '/revocation-lists/ca', undefined, {}, 200],
  ['deleteRevocationList', 'DELETE', '/revocation-lists/ca', undefined, {}, 204],
  ['putServerCredential', 'PUT', '/server-credentials/door', { key: SERVER_KEY, hosts: ['a.example'] }, {}, 200],
  ['putServerCredential', 'PUT', '/server-credentials/door', { key: 'x' }, {}, 400],
  ['listServerCredentials', 'GET', '/server-credentials', undefined, {}, 200],
  ['getServerCredential', 'GET', '/server-credentials/door', undefined, {}, 200],
  ['getServerCredential', 'GET', '/server-credentials/files', undefined, {}, 200],
  ['reloadServerCredentials', 'POST', '/server-credentials/reload', undefined, {}, 200],
  ['deleteServerCredential', 'DELETE', '/server-credentials/door', undefined, {}, 204],
  ['deleteServerCredential', 'DELETE', '/server-credentials/files', undefined, {}, 409],
  ['getKeys', 'GET', '/keys', undefined, {}, 200],
  ['rotateKeys', 'POST', '/keys/rotate', undefined, {}, 200],
  ['getKeys', 'GET', '/keys', undefined, {}, 200],
  ['pruneKeys', 'POST', '/keys/prune', undefined, {}, 200],
  ['streamEvents', 'GET', '/events?type=odd', undefined, {}, 400],
  ['streamEvents', 'GET', '/events', undefined, {}, 200],
  ['traceDevice', 'GET', '/devices/~!/trace', undefined, {}, 404],
  ['traceDevice', 'GET', '/devices/o1/trace', undefined, {}, 200],
  ['deleteDevice', 'DELETE', '/devices/o1', undefined, {}, 204],
];

describe('what the server answers', () => {
  it('fits the document, member for member, for at least one request of every operation', async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    ajv.addFormat('uri', /^[a-z]+:\S+$/);
    ajv.addSchema({ ...(closed(document) as object), $id: 'https://example.org/openapi' });
    const tried = new Set<string>();
    for (const [id, method, path, body, headers, status] of REQUESTS) {
      const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const response = await server.fetch(method, path, sent, headers);
      const what = `${method} ${path}`;
      expect(`${what}: ${response.status}`).toBe(`${what}: ${status}`);
      const type = response.headers.get('content-type')?.split(';')[0];
      if (type === 'text/event-stream') await response.body?.cancel();
      const text = type === 'text/event-stream' ? '' : await response.text();
      const found = all().find(([at, , { operationId }]) => operationId === id && at.startsWith('/api/v1/'));
      const content = found?.[2].responses[String(status)]?.content;
      expect(`${what}: ${content === undefined ? 'nothing' : Object.keys(content).join(', ')}`).toBe(
        `${what}: ${type ?? 'nothing'}`,
      );
      tried.add(id);
      if (type?.endsWith('json') !== true) continue;
      const parts = [
        'paths',
        found?.[0] ?? '',
        found?.[1] ?? '',
        'responses',
        String(status),
        'content',
        type,
        'schema',
      ];
      const pointer = parts
        .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
        .join('/');
      const validate = ajv.compile({ $ref: `https://example.org/openapi#/${pointer}` });
      validate(JSON.parse(text));
      expect({ what, errors: validate.errors ?? [] }).toEqual({ what, errors: [] });
    }
    const known = all().map(([, , { operationId }]) => operationId);
    expect(known.filter((id) => !id.endsWith('AtRoot') && !tried.has(id))).toEqual([]);
  });
});

/** The same schemas, in which no member goes that is not named. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([name, member]) => [name, closed(member)]));
  const open = members['type'] === 'object' && 'properties' in members && !('additionalProperties' in members);
  return open ? { ...members, additionalProperties: false } : members;
}
