/** `bellwether coap …`: a raw CoAP tool for testers, on the stack of the server. */

import { Option, type Command } from 'commander';

import { AppError } from '#base';
import { Code, OptionNumber } from '#coap/codec';

import { spanOfSeconds, whole } from '../arguments.js';
import { hexBytes } from '../coap/fields.js';
import { observe } from '../coap/observe.js';
import { readPlan, type RequestFlags } from '../coap/plan.js';
import { exchangeRaw } from '../coap/raw.js';
import { Report } from '../coap/report.js';
import { exchange } from '../coap/run.js';
import { parseCoapUri } from '../coap/uri.js';
import { checkPlace } from '../files.js';
import { Signals } from '../signals.js';

interface ObserveFlags extends RequestFlags {
  readonly method: 'get' | 'fetch';
  readonly observeFor?: number;
  readonly count?: number;
  readonly abandon: boolean;
}

interface RawFlags {
  readonly timeout: number;
  readonly repeat: number;
  readonly count?: number;
  readonly json: boolean;
}

/** Adds `coap get`, `put`, `post`, `delete`, `fetch`, `ipatch`, `observe` and `raw`. */
export function addCoap(program: Command): void {
  const coap = program.command('coap').description('send CoAP requests of every form, and see every byte');
  const examples = Object.entries(EXAMPLES).map(([name, rest]) => `  bellwether coap ${name} ${rest}\n`);
  coap.addHelpText('after', `\nExamples:\n${examples.join('')}\n${EXIT_CODES}`);
  for (const [name, code, what] of REQUESTS) {
    withRequestFlags(withExample(coap.command(`${name} <uri>`).description(what), name))
      .option('--output <FILE>', 'write the payload of a 2.xx response to this file')
      .action(async (uri: string, flags: RequestFlags & { output?: string }) => {
        checkPlace('--output', flags.output);
        await exchange(readPlan(code, uri, flags), flags.output);
      });
  }
  const observing = coap.command('observe <uri>').description('observe a resource (RFC 7641) and show notifications');
  withRequestFlags(withExample(observing, 'observe'))
    .addOption(new Option('--method <NAME>', 'method to observe with').choices(['get', 'fetch']).default('get'))
    .option('--observe-for <SECONDS>', 'end after this time', spanOfSeconds(0.001, LONGEST))
    .option('--count <N>', 'end after so many notifications', whole(1, 1_000_000_000))
    .option('--abandon', 'at the end, leave without de-registering', false)
    .action(async (uri: string, flags: ObserveFlags) => {
      await observe(readPlan(flags.method === 'get' ? Code.GET : Code.FETCH, uri, flags), {
        span: flags.observeFor === undefined ? undefined : flags.observeFor * 1_000,
        count: flags.count,
        end: flags.abandon ? 'abandon' : 'cancel',
      });
    });
  withExample(coap.command('raw <uri> <hex>'), 'raw')
    .description('send exactly these bytes as one datagram to coap://host[:port], and show what comes back')
    .option('--timeout <SECONDS>', 'how long to listen', spanOfSeconds(0.001, LONGEST), RAW_TIMEOUT)
    .option('--repeat <N>', 'send the datagram so many times', whole(1, MOST_REPEATS), 1)
    .option('--count <N>', 'stop listening after so many datagrams', whole(1, 1_000_000_000))
    .option('--json', 'one JSON object a line', false)
    .action(raw);
}

/** A sub-command with its example. */
function withExample(command: Command, name: keyof typeof EXAMPLES): Command {
  return command.addHelpText('after', `\nExample:\n  bellwether coap ${name} ${EXAMPLES[name]}`);
}

function withRequestFlags(command: Command): Command {
  return command
    .option('--payload <TEXT>', 'payload, as UTF-8')
    .option('--payload-hex <HEX>', 'payload, in hex')
    .option('--payload-file <FILE>', 'payload, the bytes of a file')
    .option('--content-format <FORMAT>', 'Content-Format of the payload: a number, or a name such as senml-json')
    .option('--accept <FORMAT>', 'Accept: a number or a name')
    .option(
      '--option <NUMBER=VALUE>',
      'an option of any number: NUMBER=TEXT, NUMBER=0xHEX or NUMBER alone; repeatable',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .addOption(new Option('--block-size <BYTES>', 'block size for both ways (RFC 7959)').choices(BLOCK_SIZES))
    .option('--non', 'send it non-confirmable', false)
    .option('--token <HEX>', 'token of 0 to 8 bytes; 8 random ones unless given')
    .option('--message-id <N>', 'message id of the first message, decimal or 0x…; the next ones follow it')
    .option(
      '--timeout <SECONDS>',
      'how long to wait for a response',
      spanOfSeconds(0.001, LONGEST_WAIT),
      MAX_TRANSMIT_WAIT,
    )
    .option(
      '--repeat <N>',
      'send the very same datagram so many times, and show each answer',
      whole(1, MOST_REPEATS),
      1,
    )
    .option('--in-turn', 'with --repeat: send each further copy after the answer to the one before, not at once', false)
    .option('--withhold-ack', 'never acknowledge, and show until the timeout what is sent again', false)
    .option('--credentials <FILE>', 'for coaps://: pre-shared keys, CSV as `credential import` takes it')
    .option('--endpoint <NAME>', 'whose key of --credentials it is; needed where there are several')
    .option('--private-key <FILE>', 'for coaps://: own key (PEM or DER), proven as a raw public key')
    .option('--certificates <FILE>', 'with --private-key: the chain (PEM) it is proven by, its own certificate first')
    .option('--server-key <FILE>', 'with --private-key: public key or certificate (PEM) that the server has to prove')
    .option('--hex', 'show every datagram both ways, described and in hex', false)
    .option('--json', 'one JSON object a line', false);
}

async function raw(uri: string, hex: string, flags: RawFlags): Promise<void> {
  const { scheme, host, port, options } = parseCoapUri(uri);
  if (scheme === 'coaps') throw new AppError('usage', `"${uri}": raw datagrams go without DTLS, to coap://host[:port]`);
  if (options.some(({ number }) => number !== OptionNumber.URI_HOST)) {
    throw new AppError('usage', `"${uri}": bytes are sent as they are, to coap://host[:port] without path and query`);
  }
  const bytes = hexBytes('the datagram', hex);
  const report = new Report({ json: flags.json, datagrams: 'hex' });
  const signals = new Signals();
  try {
    const came = await exchangeRaw({
      host,
      port,
      bytes,
      repeat: flags.repeat,
      timeout: flags.timeout * 1_000,
      count: flags.count,
      seen: (direction, datagram) => {
        report.datagram(direction, datagram);
      },
      told: signals.told,
    });
    if (came === 0) throw new AppError('device_timeout', `nothing came back within ${flags.timeout} s`);
  } finally {
    signals.forget();
  }
}

const REQUESTS = [
  ['get', Code.GET, 'GET a resource'],
  ['put', Code.PUT, 'PUT a payload'],
  ['post', Code.POST, 'POST a payload, or nothing'],
  ['delete', Code.DELETE, 'DELETE a resource'],
  ['fetch', Code.FETCH, 'FETCH what a payload asks for (RFC 8132)'],
  ['ipatch', Code.IPATCH, 'iPATCH with a payload (RFC 8132)'],
] as const;
const BLOCK_SIZES = ['16', '32', '64', '128', '256', '512', '1024'];
/** Seconds: RFC 7252 §4.8.2, after which a confirmable request is given up. */
const MAX_TRANSMIT_WAIT = 93;
/** Seconds. */
const RAW_TIMEOUT = 5;
/** Seconds: as long as the endpoint waits for a separate response at most. */
const LONGEST_WAIT = 3_600;
/** Seconds: as long as a timer of the runtime can be set. */
const LONGEST = 2_147_483;
const MOST_REPEATS = 1_000;
/** An example for each sub-command. */
const EXAMPLES = {
  get: 'coap://[::1]/3/0 --accept senml-json --hex',
  put: 'coap://127.0.0.1/5/0/0 --payload-file image.bin --content-format opaque --block-size 64',
  post: "'coap://127.0.0.1/rd?ep=node1&lt=60' --content-format link --payload '</1/0>,</3/0>' --repeat 3 --in-turn",
  delete: 'coap://127.0.0.1/rd/5a3f --message-id 0x7d34 --token 20 --option 2049=0x01',
  fetch: 'coap://127.0.0.1/ --content-format senml-etch-json --payload \'[{"n":"/3/0/0"}]\' --accept senml-json',
  ipatch: 'coap://127.0.0.1/ --content-format senml-json --payload \'[{"n":"/1/0/1","v":60}]\'',
  observe: 'coap://127.0.0.1/3303/0/5700 --count 10 --withhold-ack',
  raw: "coap://127.0.0.1 '40 01 7d 34 ff' --timeout 1",
} as const;
const EXIT_CODES =
  'Exit codes: 0 a 2.xx response (raw: something came back), 3 a 4.xx or 5.xx response or a Reset, 4 no answer in time.';
