/**
 * Input schema → checked input or a refusal that names every wrong place. A schema is compiled when the first input comes:
 * all of them at a start would keep devices waiting for a quarter of a second.
 */

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

import { AppError, type InputFault } from '#base';

import type { Schema } from './route.js';

const strict = {
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
  discriminator: true,
} as const;
const bodies = new Ajv2020(strict);
// Times are read, and refused, where they are used.
bodies.addFormat('date-time', true);
const queries = new Ajv2020({ ...strict, coerceTypes: true, useDefaults: true });

/** A check of a JSON body. */
export function bodyCheck(schema: Schema): (body: unknown) => void {
  let compiled: ValidateFunction | undefined;
  return (body) => {
    const validate = (compiled ??= bodies.compile(schema));
    if (!validate(body)) throw refusal('invalid_body', 'the body does not fit', validate);
  };
}

/** A check of a query: texts become the types of the schema; what no property names is refused. */
export function queryCheck(
  properties: Readonly<Record<string, Schema>>,
): (query: Readonly<Record<string, unknown>>) => Record<string, string | number | boolean | undefined> {
  const schema = { type: 'object', properties, additionalProperties: false };
  let compiled: ValidateFunction | undefined;
  return (query) => {
    const repeated = Object.keys(query).filter((name) => Array.isArray(query[name]));
    if (repeated.length > 0) {
      const faults = repeated.map((name) => ({ pointer: `/${name}`, detail: 'is given more than once' }));
      throw new AppError('invalid_query', `query parameter ${repeated[0] ?? ''} is given more than once`, { faults });
    }
    const copy: Record<string, unknown> = { ...query };
    const validate = (compiled ??= queries.compile(schema));
    if (!validate(copy)) throw refusal('invalid_query', 'the query does not fit', validate);
    return copy as Record<string, string | number | boolean | undefined>;
  };
}

function refusal(code: string, what: string, validate: ValidateFunction): AppError {
  const faults = (validate.errors ?? []).filter((error) => !NOISE.has(error.keyword)).map(faultOf);
  const first = faults[0];
  return new AppError(
    code,
    first === undefined ? what : `${what}: ${first.pointer === '' ? '' : `${first.pointer} `}${first.detail}`,
    { faults },
  );
}

function faultOf(error: ErrorObject): InputFault {
  const params = error.params as Record<string, unknown>;
  const schema = (error.parentSchema ?? {}) as Judged;
  const at = error.instancePath;
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      const pointer = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      return { pointer, detail: `is not known here: allowed are ${list(Object.keys(schema.properties ?? {}))}` };
    }
    case 'discriminator': {
      const tag = String(params['tag']);
      const kinds = (schema.oneOf ?? []).flatMap(({ properties }) => kindsOf(properties?.[tag] ?? {}));
      return { pointer: `${at}/${tag}`, detail: `must be one of ${list(kinds)}` };
    }
    case 'required':
      return { pointer: `${at}/${String(params['missingProperty'])}`, detail: 'is missing' };
    case 'enum':
      return { pointer: at, detail: `must be one of ${(params['allowedValues'] as unknown[]).map(String).join(', ')}` };
    case 'const':
      return { pointer: at, detail: `must be ${JSON.stringify(params['allowedValue'])}` };
    default:
      return { pointer: at, detail: error.message ?? 'does not fit' };
  }
}

/** What of a schema says what is allowed. */
interface Judged {
  readonly properties?: Readonly<Record<string, { readonly const?: unknown; readonly enum?: readonly unknown[] }>>;
  readonly oneOf?: readonly Judged[];
}

function kindsOf(tag: { readonly const?: unknown; readonly enum?: readonly unknown[] }): readonly unknown[] {
  return tag.enum ?? [tag.const];
}

function list(allowed: readonly unknown[]): string {
  return allowed.length === 0 ? 'none' : allowed.map(String).join(', ');
}

/** Keywords that only say that something below them failed. */
const NOISE: ReadonlySet<string> = new Set(['if', 'oneOf', 'anyOf']);
