/**
 * Attributes on the wire: as query of Write-Attributes (`pmin=10&gt=-5.5`, a bare name unsets) and on the links of a
 * Discover answer (LwM2M-Core 1.1.1 §5.1.2, §6.3.2, §6.3.5; RFC 6690).
 */

import { AppError } from '#base';
import { LINK_LIMITS, parseLinks } from '#coap/codec';
import type { LinkLimits } from '#coap/codec';
import type { Attributes, DiscoveredLink } from '#lwm2m/model';

/**
 * Attributes as Uri-Query texts, in the caller's order. Values are decimal, without exponent. Nothing is judged that the
 * device can judge. Throws AppError(`not_encodable`) for NaN, infinities and when there is no attribute.
 */
export function attributesToQuery(attributes: Attributes): string[] {
  const query: string[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    if (value === 'unset') query.push(name);
    else if (Number.isFinite(value)) query.push(`${name}=${decimalText(value)}`);
    else throw new AppError('not_encodable', `attribute ${name} must be a finite number, not ${value}`);
  }
  if (query.length === 0) throw new AppError('not_encodable', 'no attribute is given to set or to unset');
  return query;
}

/**
 * Reads the payload of a Discover answer. Paths are without the device's root; what is not below the root stays as sent.
 * Numbers become numbers, versions and URIs stay text, an attribute without value is true. Throws DecodeError.
 */
export function parseDiscovered(text: string, root: string, limits: LinkLimits = LINK_LIMITS): DiscoveredLink[] {
  return parseLinks(text, limits).map((link) => {
    const attributes = Object.create(null) as Record<string, number | string | true>;
    for (const [name, value] of link.attributes) attributes[name] = attributeValue(name, value);
    return { path: withoutRoot(link.target, root), attributes };
  });
}

function attributeValue(name: string, value: string | undefined): number | string | true {
  if (value === undefined) return true;
  if (TEXT_ATTRIBUTES.has(name) || !/^-?\d{1,40}(\.\d{1,40})?([eE][-+]?\d{1,3})?$/.test(value)) return value;
  const number = Number(value);
  return Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : value;
}

function withoutRoot(target: string, root: string): string {
  if (root === '') return target;
  if (target === root) return '/';
  return target.startsWith(`${root}/`) ? target.slice(root.length) : target;
}

/** The shortest decimal that reads back as `value`, without exponent. */
function decimalText(value: number): string {
  const text = String(value);
  const mark = text.indexOf('e');
  if (mark < 0) return text;
  const sign = value < 0 ? '-' : '';
  const [whole, fraction = ''] = text.slice(sign.length, mark).split('.') as [string, string?];
  const digits = whole + fraction;
  const point = whole.length + Number(text.slice(mark + 1));
  return point > 0 ? sign + digits.padEnd(point, '0') : `${sign}0.${'0'.repeat(-point)}${digits}`;
}

/** Attributes whose values are text even where they look like numbers. */
const TEXT_ATTRIBUTES = new Set(['ver', 'lwm2m', 'uri']);
