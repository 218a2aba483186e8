/**
 * Names of content formats (RFC 7252 §12.3 and the registry it opened; LwM2M-Core 1.1.1 §7.4). Those LwM2M uses have the
 * short names our API gives them, all others their media type.
 */

/** The name of a content format: `senml-json` of 110, `application/json` of 50; undefined when it is not known here. */
export function contentFormatName(format: number): string | undefined {
  return NAMES.get(format);
}

/** The number of a content format by its name, in small letters; undefined when there is none of that name. */
export function contentFormatNamed(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** All names, in the order of their numbers. */
export function contentFormatNames(): readonly string[] {
  return [...NAMES.values()];
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'text'],
  [40, 'link'],
  [41, 'application/xml'],
  [42, 'opaque'],
  [47, 'application/exi'],
  [50, 'application/json'],
  [51, 'application/json-patch+json'],
  [52, 'application/merge-patch+json'],
  [60, 'cbor'],
  [61, 'application/cwt'],
  [62, 'application/multipart-core'],
  [63, 'application/cbor-seq'],
  [110, 'senml-json'],
  [111, 'application/sensml+json'],
  [112, 'senml-cbor'],
  [113, 'application/sensml+cbor'],
  [310, 'application/senml+xml'],
  [320, 'senml-etch-json'],
  [322, 'senml-etch-cbor'],
  // Numbers in use before OMA registered its own.
  [1541, 'old-text'],
  [1542, 'old-tlv'],
  [1543, 'old-json'],
  [11_542, 'tlv'],
  [11_543, 'json'],
  [11_544, 'lwm2m-cbor'],
]);
const NUMBERS: ReadonlyMap<string, number> = new Map([...NAMES].map(([number, name]) => [name, number]));
