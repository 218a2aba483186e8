/**
 * The load generator, a process of its own: `fork`ed by main.mjs, told what to do by messages `{id, kind, …}`, each
 * answered by `{id, result}` or `{id, error}` when done. See `KINDS`.
 */

import { Crowd } from './crowd.mjs';
import { Devices } from './devices.mjs';
import { wake } from './waking.mjs';
import {
  Option,
  notification,
  parse,
  registerRequest,
  sendRequest,
  senmlTen,
  senmlThree,
  updateRequest,
} from './wire.mjs';

const devices = new Devices();
const crowd = new Crowd();

/** What devices hold: the manufacturer and the like, and an instance of the temperature object. */
devices.answers = (path) => {
  if (path.startsWith('/3/0/')) return { code: 0x45, options: [[Option.CONTENT_FORMAT, []]], payload: 'Bench' };
  if (path === '/3303/0') {
    return { code: 0x45, options: [[Option.CONTENT_FORMAT, [112]]], payload: senmlThree('/3303/0/', 20.5) };
  }
  if (path === '/3303/0/5700') return { code: 0x45, options: [[Option.CONTENT_FORMAT, []]], payload: '20.5' };
  return undefined;
};

const isAnswerTo = (device, bytes) => bytes.readUInt16BE(2) === device.messageId && ((bytes[0] >> 4) & 3) === 2;

/** Judges an answer that must be piggy-backed with this code. */
const piggyBacked = (code) => (device, bytes) => {
  if (!isAnswerTo(device, bytes)) return 'wait';
  return bytes[1] === code ? 'done' : 'wrong';
};

/** Judges the answer to a Register, which may come apart from its acknowledgement, and keeps the location. */
function registered(device, bytes) {
  if (bytes[1] === 0) return 'wait';
  const answer = parse(bytes);
  if (!answer.token.equals(device.token)) return 'wait';
  device.location = answer.options
    .filter(([number]) => number === Option.LOCATION_PATH)
    .map(([, value]) => value.toString());
  return answer.code === 0x41 && device.location.length > 0 ? 'done' : 'wrong';
}

/** Judges the answer to a Send, which comes when its values are durable: 2.04, mostly apart from its acknowledgement. */
function changed(device, bytes) {
  if (bytes[1] === 0) return 'wait';
  const tokenLength = bytes[0] & 0x0f;
  if (!bytes.subarray(4, 4 + tokenLength).equals(device.token)) return 'wait';
  return bytes[1] === 0x44 ? 'done' : 'wrong';
}

/** Where the yardsticks are sent to, which know no locations: as long as one of the server's. */
const anyLocation = (device) => device.location ?? ['rd', 'AAAAAAAAAA'];

const MAKERS = {
  /** {bytes}: any datagram of that length, for the echo. */
  datagram:
    ({ bytes }) =>
    () =>
      Buffer.alloc(bytes),
  update: () => (device) => updateRequest(anyLocation(device), device.token),
  register:
    ({ prefix, lifetime, links }) =>
    (device) =>
      registerRequest(
        `${prefix}${String(device.index).padStart(24 - prefix.length, '0')}`,
        lifetime,
        links[device.index % links.length],
        device.token,
      ),
  notify: () => (device) => {
    device.observeSequence += 1;
    const token = device.observeToken ?? device.token;
    return notification(
      token,
      device.observeSequence,
      senmlThree('/3303/0/', 15 + (device.observeSequence % 100) / 10),
    );
  },
  send: () => (device) => {
    device.reports += 1;
    const payload = senmlTen('/3303/0/', 15 + (device.reports % 100) / 10, FIRST_MOMENT + device.reports);
    return sendRequest(device.token, payload);
  },
};
const JUDGES = { update: piggyBacked(0x44), register: registered, notify: piggyBacked(0), send: changed };

/** Unix seconds of what devices send first. */
const FIRST_MOMENT = 1_767_225_600;

const KINDS = {
  /** {count, secure?}: makes that many devices; with `secure` over DTLS, under names with that prefix. */
  open: (order) => devices.open(order),
  /** {from, to}: these devices go. */
  close: (order) => devices.close(order),
  /** {request, port, from, to, perDevice, window, echo?, …}: a run of requests of one sort. */
  run: (order) => devices.run({ ...order, make: MAKERS[order.request](order), answered: JUDGES[order.request] }),
  /** {from, to}: how many of these devices are observed. */
  observed: ({ from, to }) => {
    let count = 0;
    for (let index = from; index < to; index += 1) if (devices.get(index).observeToken !== undefined) count += 1;
    return count;
  },
  /** How many requests the server sent to devices. */
  asked: () => devices.asked,
  /** How handshakes of devices over DTLS ended: {established, failed}. */
  handshakes: () => ({ ...devices.handshakes }),
  /** {port, from, to, observedEach, questions, mode, secure}: devices that register, answer so many questions and fall silent. */
  crowd: (order) => crowd.register(order),
  /** How many of the crowd are observed. */
  crowdObserved: () => crowd.observed,
  /** The rest of the crowd goes. */
  crowdLeaves: () => crowd.leave(),
  /** {port, from, to, seconds, path, listens}: these of the crowd wake, and each waits for a write to that path. */
  crowdWakes: (order) => wake({ ...order, locations: crowd.locations }),
};

process.on('message', async ({ id, kind, ...order }) => {
  try {
    process.send({ id, result: await KINDS[kind](order) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ id: 'ready' });
