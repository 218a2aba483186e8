/**
 * `node --expose-gc scripts/bench/codec.mjs [--smoke]`, after `npm run build`: the CoAP codec against `coap-packet` in one
 * process, as ratios of time (ours over theirs: the goal is 1.00 or less) and as bytes allocated per parse and per build.
 * Both do what a receiver needs: `parse + read` looks at the token, every Uri-Path segment and the payload too. Exit code 1
 * when a goal is missed, or when the two do not agree on the bytes.
 */

import coapPacket from 'coap-packet';
import { decodeMessage, encodeMessage, isMalformed, showCode } from '../../dist/coap/codec/index.js';

const { generate, parse } = coapPacket;
const ROUNDS = process.argv.includes('--smoke') ? 5 : 15;
/** Milliseconds of one measurement, of which a round makes one for each side. */
const SPAN = process.argv.includes('--smoke') ? 10 : 40;
const URI_PATH = 11;

/** Datagrams as devices and the server send them. */
const SHAPES = [
  ['Update', '42027d39ab02b272640435613366'],
  ['Update, 10-character location', '48027d390001020304050607b272640a41624364456647684a6b'],
  [
    'Register',
    '42027d38ab01b272641128 3865703d6e6f646531066c743d333030096c776d326d3d312e3103623d55ff3c2f312f303e2c3c2f332f303e',
  ],
  ['Observe notification', '48451a2b01020304050607086201f4622d16ff8218600a1821fb4037000000000000'],
  ['GET with options', '41010002c260513301300139616e'],
  ['ACK 2.04', '62447d39ab02'],
  ['Content of 512 bytes', `6845010201020304050607 08c12ad1000aff${'5a'.repeat(512)}`],
].map(([name, hex]) => ({ name, bytes: Buffer.from(hex.replaceAll(' ', ''), 'hex') }));

/** What both encoders are given for a datagram; the arrays are sorted already, as they are in practice. */
function inputs({ name, bytes }) {
  const message = decodeMessage(bytes);
  if (isMalformed(message)) throw new Error(`${name}: ${message.malformed}`);
  const { type, code, messageId, token, payload } = message;
  const ours = { type, code, messageId, token, options: message.options(), payload };
  const theirs = { ...parse(bytes), code: showCode(code) };
  if (!encodeMessage(ours).equals(bytes)) throw new Error(`${name}: our encoder does not give the datagram back`);
  if (!generate(theirs).equals(bytes)) throw new Error(`${name}: coap-packet does not give the datagram back`);
  return { ours, theirs };
}

/** Keeps results alive, so that nothing is optimised away. */
let sink = 0;

function readOurs(bytes) {
  const message = decodeMessage(bytes);
  const segments = message.count(URI_PATH);
  let size = message.tokenKey().length + message.payload.length;
  for (let index = 0; index < segments; index += 1) size += message.string(URI_PATH, index).length;
  return size;
}

function readTheirs(bytes) {
  const message = parse(bytes);
  let size = message.token.toString('latin1').length + message.payload.length;
  for (const { name, value } of message.options) if (name === 'Uri-Path') size += value.toString().length;
  return size;
}

/** Nanoseconds of one call: the body is run in batches until the span is over. */
function timed(body, argument, batch) {
  const began = performance.now();
  let calls = 0;
  let passed = 0;
  while (passed < SPAN) {
    for (let index = 0; index < batch; index += 1) sink ^= body(argument);
    calls += batch;
    passed = performance.now() - began;
  }
  return (passed * 1e6) / calls;
}

/** Bytes allocated by one call, on the heap and beside it: so few calls that nothing is collected in between. */
function allocated(body, argument) {
  if (globalThis.gc === undefined) return Number.NaN;
  const calls = 400;
  const results = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    globalThis.gc();
    const before = process.memoryUsage();
    for (let index = 0; index < calls; index += 1) sink ^= body(argument);
    const after = process.memoryUsage();
    results.push((after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / calls);
  }
  return median(results);
}

function median(values) {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}

/** The two sides in turn, several rounds; medians. */
function compare(ours, theirs) {
  const times = { ours: [], theirs: [] };
  timed(ours.body, ours.argument, 200);
  timed(theirs.body, theirs.argument, 200);
  for (let round = 0; round < ROUNDS; round += 1) {
    times.ours.push(timed(ours.body, ours.argument, 200));
    times.theirs.push(timed(theirs.body, theirs.argument, 200));
  }
  const [our, their] = [median(times.ours), median(times.theirs)];
  return { ratio: our / their, our, their, bytes: [ours, theirs].map((side) => allocated(side.body, side.argument)) };
}

const DISCIPLINES = [
  ['parse', (bytes) => decodeMessage(bytes).code, (bytes) => parse(bytes).messageId, 'bytes'],
  ['parse + read', readOurs, readTheirs, 'bytes'],
  ['build', (parts) => encodeMessage(parts).length, (parts) => generate(parts).length, 'parts'],
];

let missed = 0;
if (globalThis.gc === undefined) console.log('run with --expose-gc for the bytes allocated');
console.log('ours / coap-packet               ratio      ns: ours  theirs   bytes: ours  theirs');
const shapes = SHAPES.map((shape) => ({ ...shape, ...inputs(shape) }));
for (const [discipline, ourBody, theirBody, kind] of DISCIPLINES) {
  for (const { name, bytes, ours, theirs } of shapes) {
    const {
      ratio,
      our,
      their,
      bytes: memory,
    } = compare(
      { body: ourBody, argument: kind === 'bytes' ? bytes : ours },
      { body: theirBody, argument: kind === 'bytes' ? bytes : theirs },
    );
    if (ratio > 1) missed += 1;
    const numbers = [our, their].map((value) => value.toFixed(0).padStart(8)).join('');
    const sizes = memory.map((value) => value.toFixed(0).padStart(8)).join('');
    console.log(
      `${`${discipline}, ${name}`.padEnd(46)}${ratio.toFixed(2)}  ${numbers}      ${sizes}${ratio > 1 ? '   MISSED' : ''}`,
    );
  }
}
console.log(missed === 0 ? 'goal met: none is slower than coap-packet' : `goal MISSED in ${missed} (${sink & 1})`);
process.exit(missed === 0 ? 0 : 1);
