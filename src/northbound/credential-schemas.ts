/** The shapes of credentials, trust anchors, revocation lists and keys of the server. */

import { CREDENTIAL_KINDS } from '#fleet/model';

import type { Schema } from './route.js';

const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const LABEL: Schema = { type: 'string', maxLength: 128, description: 'For people.' };
const ID: Schema = { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' };
/** A key, certificate or list as text; what it holds is judged where it is used. */
const PEM: Schema = { type: 'string', minLength: 1, maxLength: 65_536 };

const MEMBERS: Readonly<Record<string, Schema>> = {
  kind: {
    type: 'string',
    enum: [...CREDENTIAL_KINDS],
    description:
      'psk: a pre-shared key; rpk: a raw public key; x509: one certificate; anchor: certificates under one trust anchor. With an entry of the last two no other certificate is good for the device.',
  },
  identity: { type: 'string', maxLength: 128, description: 'psk: the identity; the endpoint name when absent.' },
  identityHex: { type: 'string', maxLength: 256, description: 'psk: an identity that is no text, in hex.' },
  key: {
    type: 'string',
    maxLength: 256,
    writeOnly: true,
    description: 'psk: hex:… or base64:… of 8 to 64 bytes; never shown again.',
  },
  generate: { type: 'boolean', description: 'psk: true has the server make a key of 32 bytes, shown once.' },
  publicKey: { ...PEM, description: 'rpk: SubjectPublicKeyInfo, PEM or base64 of its DER: P-256, P-384, RSA.' },
  certificate: { ...PEM, description: 'x509: the certificate, PEM or base64 of its DER.' },
  fingerprint: { type: 'string', maxLength: 128, description: 'x509: its SHA-256 in hex, in place of it.' },
  anchor: { ...ID, description: 'anchor: id of the trust anchor.' },
  label: LABEL,
  validFrom: { ...time, description: 'Not good before.' },
  validUntil: { ...time, description: 'From then on not good: sessions end.' },
};

/** Of a device: whether its name is secured. */
export const SECURED: Schema = {
  const: true,
  description: 'It had a credential or proved an identity: no plain CoAP for it, until that is cleared.',
};

/** Of a registration: what was proven. */
export const IDENTITY: Schema = {
  type: 'object',
  properties: { kind: { type: 'string', enum: ['psk', 'rpk', 'x509'] }, name: text },
  required: ['kind', 'name'],
  description: 'What it proved; absent over plain CoAP.',
};

/** Body of PUT …/credentials/{id}. */
export const CREDENTIAL_INPUT: Schema = {
  type: 'object',
  properties: MEMBERS,
  required: ['kind'],
  additionalProperties: false,
};

/** One line of an import. */
export const IMPORT_LINE = {
  type: 'object',
  properties: { endpoint: { type: 'string', minLength: 1, maxLength: 255 }, id: ID, ...MEMBERS },
  required: ['endpoint', 'id', 'kind'],
  additionalProperties: false,
} satisfies Schema;

/** A credential as shown. */
export const CREDENTIAL: Schema = {
  type: 'object',
  properties: {
    id: text,
    kind: { type: 'string', enum: [...CREDENTIAL_KINDS] },
    identity: text,
    identityHex: text,
    fingerprint: text,
    anchor: text,
    label: text,
    validFrom: time,
    validUntil: time,
    validity: { type: 'string', enum: ['valid', 'notYet', 'ended'] },
    createdAt: { ...time, description: 'When it, or its key, was put.' },
    lastUsed: { ...time, description: 'When a handshake last succeeded with it.' },
  },
  required: ['id', 'kind', 'validity', 'createdAt'],
};

/** The answer to PUT …/credentials/{id}. */
export const CREDENTIAL_PUT: Schema = {
  type: 'object',
  properties: {
    result: { type: 'string', enum: ['created', 'changed', 'unchanged'] },
    credential: CREDENTIAL,
    key: { type: 'string', description: 'hex:… of a key that was made now: it is shown this once.' },
    warnings: { type: 'array', items: text },
  },
  required: ['result', 'credential', 'warnings'],
};

/** A line of the answer to an import; the last one has the counts. */
export const IMPORT_RESULT: Schema = {
  type: 'object',
  properties: {
    line: { type: 'integer' },
    endpoint: text,
    id: text,
    result: { type: 'string', enum: ['created', 'changed', 'unchanged', 'failed'] },
    key: text,
    warnings: { type: 'array', items: text },
    code: text,
    detail: text,
    lines: { type: 'integer' },
    created: { type: 'integer' },
    changed: { type: 'integer' },
    unchanged: { type: 'integer' },
    failed: { type: 'integer' },
    dryRun: { type: 'boolean' },
  },
};

/** Body of PUT /trust-anchors/{id}. */
export const ANCHOR_INPUT: Schema = {
  type: 'object',
  properties: {
    certificate: { ...PEM, description: 'PEM or base64 of its DER.' },
    rule: {
      type: 'string',
      maxLength: 128,
      description:
        'How its certificates name endpoints, with {cn}, {dns}, {uri}, {serial} or {fingerprint}; default {cn}.',
    },
    label: LABEL,
  },
  required: ['certificate'],
  additionalProperties: false,
};

/** A trust anchor as shown. */
export const ANCHOR: Schema = {
  type: 'object',
  properties: {
    id: text,
    certificate: text,
    fingerprint: text,
    subject: text,
    notAfter: time,
    rule: text,
    label: text,
    createdAt: time,
  },
  required: ['id', 'certificate', 'fingerprint', 'subject', 'notAfter', 'rule', 'createdAt'],
};

/** Body of PUT /revocation-lists/{id}. */
export const REVOCATION_LIST_INPUT: Schema = {
  type: 'object',
  properties: { list: { ...PEM, maxLength: 900_000, description: 'PEM or base64 of its DER.' }, label: LABEL },
  required: ['list'],
  additionalProperties: false,
};

/** A revocation list as shown. */
export const REVOCATION_LIST: Schema = {
  type: 'object',
  properties: { id: text, list: text, label: text, createdAt: time },
  required: ['id', 'list', 'createdAt'],
};

/** Body of PUT /server-credentials/{id}. */
export const SERVER_CREDENTIAL_INPUT: Schema = {
  type: 'object',
  properties: {
    key: {
      ...PEM,
      writeOnly: true,
      description:
        'Private key, PEM without a passphrase: P-256, P-384, or RSA of 2048 bits and more; never shown. The one that is kept when absent.',
    },
    chain: {
      ...PEM,
      description: 'Certificates, PEM, its own first; absent: it is offered as a raw public key alone.',
    },
    hosts: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 253 },
      minItems: 1,
      maxItems: 32,
      description: 'Host names (server_name of the hello) that it is for; absent: all that no other is for.',
    },
    anchors: {
      type: 'array',
      items: ID,
      minItems: 1,
      maxItems: 32,
      description: 'Ids of the trust anchors that certificates of devices must be under where it is used; absent: any.',
    },
    label: LABEL,
  },
  additionalProperties: false,
};

/** A key of the server as shown. */
export const SERVER_CREDENTIAL: Schema = {
  type: 'object',
  properties: {
    id: text,
    source: {
      type: 'string',
      enum: ['files', 'stored'],
      description: 'files: what --coaps-key and --coaps-chain name.',
    },
    keyType: { type: 'string', enum: ['P-256', 'P-384', 'RSA'] },
    publicKey: { ...text, description: 'SubjectPublicKeyInfo as PEM, for devices that know the server by it.' },
    fingerprint: { ...text, description: 'SHA-256 of the SubjectPublicKeyInfo in hex.' },
    chain: text,
    certificates: {
      type: 'array',
      items: {
        type: 'object',
        properties: { subject: text, issuer: text, notBefore: time, notAfter: time, fingerprint: text },
        required: ['subject', 'issuer', 'notBefore', 'notAfter', 'fingerprint'],
      },
      description: 'What the chain says, its own first.',
    },
    hosts: { type: 'array', items: text },
    anchors: { type: 'array', items: text },
    label: text,
    createdAt: time,
  },
  required: ['id', 'source', 'keyType', 'publicKey', 'fingerprint', 'certificates'],
};

/** Shapes by their name in the OpenAPI document. */
export const CREDENTIAL_COMPONENTS: Readonly<Record<string, Schema>> = {
  Credential: CREDENTIAL,
  CredentialPut: CREDENTIAL_PUT,
  TrustAnchor: ANCHOR,
  RevocationList: REVOCATION_LIST,
  ServerCredential: SERVER_CREDENTIAL,
};
