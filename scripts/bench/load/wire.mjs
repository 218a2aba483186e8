/**
 * Datagrams of the load, made by hand: the codec under test has no part in them. Every request keeps its message id in
 * bytes 2 and 3, so that a device sends the same buffer again with another id.
 */

export const ACK = 2;
export const Option = { OBSERVE: 6, LOCATION_PATH: 8, URI_PATH: 11, CONTENT_FORMAT: 12, URI_QUERY: 15 };
const SENML_CBOR = 112;

/** One option (a delta and a length of 268 at most) after another of number `last`, as bytes. */
function option(last, number, value) {
  const delta = number - last;
  const head = [];
  const nibble = (size) => (size < 13 ? size : 13);
  head.push((nibble(delta) << 4) | nibble(value.length));
  if (delta >= 13) head.push(delta - 13);
  if (value.length >= 13) head.push(value.length - 13);
  return Buffer.concat([Buffer.from(head), value]);
}

/** A whole message. `options` are [number, text or bytes] in ascending order. */
export function message(type, code, messageId, token, options = [], payload = undefined) {
  const parts = [Buffer.from([0x40 | (type << 4) | token.length, code, messageId >> 8, messageId & 0xff]), token];
  let last = 0;
  for (const [number, value] of options) {
    parts.push(option(last, number, Buffer.from(value)));
    last = number;
  }
  if (payload !== undefined) parts.push(Buffer.from([0xff]), Buffer.from(payload));
  return Buffer.concat(parts);
}

/** A refresh Update: POST on the location, nothing else in it. */
export function updateRequest(location, token) {
  return message(
    0,
    0x02,
    0,
    token,
    location.map((segment) => [Option.URI_PATH, segment]),
  );
}

/** A Register of LwM2M 1.1 over UDP with these links; `mode` is `queue` for a device that sleeps (the flag Q, §6.2.1). */
export function registerRequest(name, lifetime, links, token, mode = 'always') {
  const queries = [`ep=${name}`, `lt=${lifetime}`, 'lwm2m=1.1', 'b=U', ...(mode === 'queue' ? ['Q'] : [])];
  return message(
    0,
    0x02,
    0,
    token,
    [[Option.URI_PATH, 'rd'], [Option.CONTENT_FORMAT, [40]], ...queries.map((query) => [Option.URI_QUERY, query])],
    links,
  );
}

/** A text of at most 23 bytes in CBOR. */
const cborText = (text) => Buffer.concat([Buffer.from([0x60 | text.length]), Buffer.from(text)]);

/** A number in CBOR: four bytes for a whole one (a moment, a share), a double for any other. */
function cborNumber(number, whole) {
  const bytes = Buffer.alloc(whole ? 5 : 9, whole ? 0x1a : 0xfb);
  if (whole) bytes.writeUInt32BE(number, 1);
  else bytes.writeDoubleBE(number, 1);
  return bytes;
}

/**
 * Values of an instance in SenML CBOR, up to 23 records: `entries` are [resource, text, number or {whole}]. The first
 * record has the base name.
 */
function senml(basePath, entries) {
  const records = entries.map(([name, value], index) => {
    const head = index > 0 ? [Buffer.from([0xa2])] : [Buffer.from([0xa3, 0x21]), cborText(basePath)];
    const content =
      typeof value === 'string'
        ? [Buffer.from([0x03]), cborText(value)]
        : [Buffer.from([0x02]), cborNumber(value.whole ?? value, value.whole !== undefined)];
    return Buffer.concat([...head, Buffer.from([0x00]), cborText(name), ...content]);
  });
  return Buffer.concat([Buffer.from([0x80 | records.length]), ...records]);
}

/** Three float values of an instance of object 3303: the value, its minimum and its maximum. */
export function senmlThree(basePath, value) {
  return senml(basePath, [
    ['5700', value],
    ['5601', value - 5],
    ['5602', value + 5],
  ]);
}

/** All ten readable values of an instance of object 3303: six floats, two texts, a moment and a whole number. */
export function senmlTen(basePath, value, seconds) {
  return senml(basePath, [
    ['5700', value],
    ['5601', value - 5],
    ['5602', value + 5],
    ['5603', -40.5],
    ['5604', 85.5],
    ['6050', 0.25],
    ['5701', 'Cel'],
    ['5750', 'hall 4, north'],
    ['5518', { whole: seconds }],
    ['6042', { whole: 2 }],
  ]);
}

/** A Send (LwM2M-Transport 1.1.1 §6.4.5): a confirmable POST of SenML CBOR to /dp. */
export function sendRequest(token, payload) {
  return message(
    0,
    0x02,
    0,
    token,
    [
      [Option.URI_PATH, 'dp'],
      [Option.CONTENT_FORMAT, [SENML_CBOR]],
    ],
    payload,
  );
}

/** The value of an Observe option that says `sequence`, in 24 bits as late in a relation. */
export function observeValue(sequence) {
  return [(sequence >> 16) & 0xff, (sequence >> 8) & 0xff, sequence & 0xff];
}

/** A confirmable notification of three values. */
export function notification(token, sequence, payload) {
  return message(
    0,
    0x45,
    0,
    token,
    [
      [Option.OBSERVE, observeValue(sequence)],
      [Option.CONTENT_FORMAT, [SENML_CBOR]],
    ],
    payload,
  );
}

/** The options of a received message as [number, bytes], and its payload. */
export function parse(bytes) {
  const tokenLength = bytes[0] & 0x0f;
  const options = [];
  let at = 4 + tokenLength;
  let number = 0;
  const extended = (nibble) => {
    if (nibble < 13) return nibble;
    if (nibble === 13) return bytes[at++] + 13;
    at += 2;
    return bytes.readUInt16BE(at - 2) + 269;
  };
  while (at < bytes.length && bytes[at] !== 0xff) {
    const head = bytes[at++];
    number += extended(head >> 4);
    const length = extended(head & 0x0f);
    options.push([number, bytes.subarray(at, at + length)]);
    at += length;
  }
  return {
    type: (bytes[0] >> 4) & 3,
    code: bytes[1],
    messageId: bytes.readUInt16BE(2),
    token: bytes.subarray(4, 4 + tokenLength),
    options,
    payload: bytes.subarray(Math.min(bytes.length, at + 1)),
  };
}
