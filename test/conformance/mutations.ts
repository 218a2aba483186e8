/** Broken devices: what each does wrong, the rule that names it, and the cases that find it. */

import { Code, OptionNumber } from '#coap/codec';
import { FORMATS, parsePath } from '#lwm2m/model';
import type { EnablerVersion, Scalar } from '#lwm2m/model';
import type { RuleName } from '../../src/conformance/rules.js';

import {
  afterwards,
  answers,
  at,
  does,
  ignores,
  inFormat,
  notifies,
  rewriting,
  valued,
  withCode,
  without,
} from './faults.js';
import type { Fault } from './virtual-rig.js';

/** A broken device. */
export interface Mutation {
  readonly does: string;
  readonly cases: readonly number[];
  readonly rule: RuleName;
  readonly fault: Fault;
  readonly lwm2m?: EnablerVersion;
}

const { GET, PUT, POST, DELETE, FETCH, IPATCH } = Code;
const { text, tlv, cbor } = FORMATS;
const json = FORMATS['senml-json'];
const packed = FORMATS['senml-cbor'];
const label = (value: string): Scalar => ({ type: 'string', value });
const whole = (value: number): Scalar => ({ type: 'integer', value });
const mute = (): undefined => undefined;
const drops = (path: string): Fault => does({ type: 'silence', ...at('notify', path) });

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [
  {
    does: 'answers a read of one value in SenML JSON where text was wanted',
    cases: [201],
    rule: 'acceptHonoured',
    fault: answers({ code: GET, path: '/3/0/0', accept: text }, inFormat(json, '[{"bn":"/3/0/0","vs":"Bellwether"}]')),
  },
  {
    does: 'gives a model number in text that it does not give otherwise',
    cases: [201],
    rule: 'sameInAllFormats',
    fault: answers(
      { code: GET, path: '/3/0/1', accept: text },
      rewriting((value) => `${value}!`),
    ),
  },
  {
    does: 'answers a read of an instance with 2.04',
    cases: [203],
    rule: 'readCode',
    fault: does({ type: 'answerCode', code: Code.CHANGED, ...at('read', '/3/0', { accept: tlv }) }),
  },
  {
    does: 'leaves the binding out of the Device object in TLV',
    cases: [203],
    rule: 'mandatoryThere',
    fault: does(without('/3/0/16', at('read', '/3/0', { accept: tlv }))),
  },
  {
    does: 'cuts the TLV of the Device object short',
    cases: [203],
    rule: 'decodable',
    fault: answers({ code: GET, path: '/3/0', accept: tlv }, (answer) => ({
      ...answer,
      payload: answer.payload.subarray(0, answer.payload.length - 1),
    })),
  },
  {
    does: 'says that it took a minimum period in text and does not',
    cases: [205],
    rule: 'writeTakes',
    fault: does({ type: 'noEffect', ...at('write', '/1/0/2', { contentFormat: text }) }),
  },
  {
    does: 'gives text where CBOR was wanted',
    cases: [211],
    rule: 'acceptHonoured',
    fault: answers({ code: GET, path: '/1/0/7', accept: cbor }, inFormat(text, 'U')),
  },
  {
    does: 'gives a binding in CBOR that it does not give otherwise',
    cases: [211],
    rule: 'sameInAllFormats',
    fault: does(valued('/1/0/7', label('UQ'), at('read', '/1/0/7', { accept: cbor }))),
  },
  {
    does: 'says that it took a maximum period in CBOR and does not',
    cases: [212],
    rule: 'writeTakes',
    fault: does({ type: 'noEffect', ...at('write', '/1/0/3', { contentFormat: cbor }) }),
  },
  {
    does: 'answers a write in CBOR with 2.05',
    cases: [212],
    rule: 'writeCode',
    fault: does({ type: 'answerCode', code: Code.CONTENT, ...at('write', '/1/0/2', { contentFormat: cbor }) }),
  },
  {
    does: 'says that it took a partial update in TLV and does not',
    cases: [215],
    rule: 'writeTakes',
    fault: does({ type: 'noEffect', ...at('write', '/1/0', { contentFormat: tlv }) }),
  },
  {
    does: 'refuses to have an instance replaced in TLV',
    cases: [215],
    rule: 'writeCode',
    fault: does({ type: 'answerCode', code: Code.METHOD_NOT_ALLOWED, ...at('write', '/1/0', { contentFormat: tlv }) }),
  },
  {
    does: 'answers a read of the Security object with 4.04',
    cases: [221],
    rule: 'securityHidden',
    fault: does({ type: 'answerCode', code: Code.NOT_FOUND, ...at('read', '/0') }),
  },
  {
    does: 'answers a write to the Security object with 4.05',
    cases: [221],
    rule: 'securityHidden',
    fault: does({ type: 'answerCode', code: Code.METHOD_NOT_ALLOWED, ...at('write', '/0/0/0') }),
  },
  {
    does: 'takes attributes of the Security object',
    cases: [221],
    rule: 'securityHidden',
    fault: does({ type: 'answerCode', code: Code.CHANGED, ...at('writeAttributes', '/0') }),
  },
  {
    does: 'leaves the binding out of the Server object as a whole',
    cases: [222, 232],
    rule: 'mandatoryThere',
    fault: does(without('/1/0/7', at('read', '/1', { accept: packed }))),
  },
  {
    does: 'gives a short server id that the instance does not have',
    cases: [224],
    rule: 'sameInAllFormats',
    fault: does(valued('/1/0/0', whole(2), at('read', '/1/0/0', { accept: packed }))),
  },
  {
    does: 'gives SenML CBOR where SenML JSON was wanted, for one resource',
    cases: [231],
    rule: 'acceptHonoured',
    fault: answers(
      { code: GET, path: '/3/0/16', accept: json },
      inFormat(packed, Buffer.from('81a200672f332f302f3136036155', 'hex')),
    ),
  },
  {
    does: 'knows no error code in SenML JSON',
    cases: [231],
    rule: 'readCode',
    fault: does({ type: 'answerCode', code: Code.NOT_FOUND, ...at('read', '/3/0/11/0', { accept: json }) }),
  },
  {
    does: 'leaves mandatory resources out of the Device object in SenML CBOR',
    cases: [222, 232],
    rule: 'mandatoryThere',
    fault: does(without('/3/0/16', at('read', '/3', { accept: packed }))),
  },
  {
    does: 'names no format for what is no text',
    cases: [237],
    rule: 'decodable',
    fault: answers({ code: GET, path: '/3', accept: 'none' }, inFormat(undefined)),
  },
  {
    does: 'loses its binding by a partial update that does not name it',
    cases: [226],
    rule: 'partialKeeps',
    fault: afterwards(
      at('write', '/1/0', { contentFormat: packed }),
      valued('/1/0/7', label('UQ'), at('read', '/1/0')),
    ),
  },
  {
    does: 'changes other instances of a resource with the one that is written',
    cases: [228],
    rule: 'instanceWriteKeeps',
    fault: afterwards(at('write', '/16/0/0/0'), valued('/16/0/0/1', label('Other'), at('read', '/16/0/0'))),
  },
  {
    does: 'takes a value that it refuses',
    cases: [256],
    rule: 'failedWriteKeeps',
    fault: afterwards(at('write', '/1/0/0'), valued('/1/0/0', whole(123), at('read', '/1/0/0'))),
  },
  {
    does: 'refuses TLV, which 1.0 demands',
    cases: [215],
    rule: 'tlvMandatory',
    lwm2m: '1.0',
    // A partial write, by POST, is taken: the device's own fault would befall both.
    fault: answers({ code: PUT, path: '/1/0', format: tlv }, withCode(Code.UNSUPPORTED_CONTENT_FORMAT)),
  },
  {
    does: 'cannot discover a resource',
    cases: [261],
    rule: 'discoverCode',
    fault: does({ type: 'answerCode', code: Code.NOT_FOUND, ...at('discover', '/3/0/11', { accept: FORMATS.link }) }),
  },
  {
    does: 'answers a Create with 2.04',
    cases: [1630, 1635],
    rule: 'createCode',
    fault: answers({ code: POST, path: '/16', format: tlv }, (answer) => ({ ...answer, code: Code.CHANGED })),
  },
  {
    does: 'announces no lifetime that a server has written',
    cases: [226, 227, 230, 233, 234],
    rule: 'lifetimeAnnounced',
    fault: does({ type: 'noUpdate' }),
  },
  {
    does: 'says that it took a resource instance and does not',
    cases: [228],
    rule: 'writeTakes',
    fault: {
      swallow: (request) => {
        const payload = Buffer.from(request.payload).toString('latin1');
        const meant = request.code === PUT && payload.includes('test') && !payload.includes('test_value');
        return meant ? { code: Code.CHANGED, options: [], payload: Buffer.alloc(0) } : undefined;
      },
    },
  },
  {
    does: 'says that it took a resource instance in SenML CBOR and does not',
    cases: [233],
    rule: 'writeTakes',
    fault: ignores({ code: PUT, path: '/16/0/0/0', format: packed, holds: 'test_value' }),
  },
  {
    does: 'refuses a lifetime in SenML JSON',
    cases: [234],
    rule: 'writeCode',
    fault: does({ type: 'answerCode', code: Code.BAD_REQUEST, ...at('write', '/1/0/1', { contentFormat: json }) }),
  },
  {
    does: 'says that it reboots and does not',
    cases: [241],
    rule: 'rebootRegisters',
    fault: does({ type: 'noEffect', ...at('execute', '/3/0/4') }),
  },
  {
    does: 'refuses to reboot',
    cases: [241],
    rule: 'executeCode',
    fault: does({ type: 'answerCode', code: Code.METHOD_NOT_ALLOWED, ...at('execute', '/3/0/4') }),
  },
  {
    does: 'answers a write to what is read-only with 4.00',
    cases: [256],
    rule: 'readOnly',
    fault: does({ type: 'answerCode', code: Code.BAD_REQUEST, ...at('write', '/1/0/0') }),
  },
  {
    does: 'leaves the Device object out of a composite read of four paths',
    cases: [229],
    rule: 'compositeWhole',
    fault: does(without('/3/0/0', at('readComposite', '/3'))),
  },
  {
    does: 'says that it took several values and does not',
    cases: [230],
    rule: 'compositeWritten',
    fault: ignores({ code: IPATCH, path: '/', holds: 'aa' }),
  },
  {
    does: 'gives what is secret with the root',
    cases: [235],
    rule: 'rootWithoutSecrets',
    fault: does(valued('/0/0/0', label('coap://example.com'), at('readComposite', '/'))),
  },
  {
    does: 'leaves the Server object out of the root',
    cases: [235],
    rule: 'compositeWhole',
    fault: does(without('/1', at('readComposite', '/'))),
  },
  {
    does: 'refuses a composite read of which a part is not there',
    cases: [236],
    rule: 'compositeCode',
    fault: answers(
      { code: FETCH, path: '/', paths: ['/1/0/1', '/3/0/11/0', '/3/0/16', '/3339/0/5522', '/3353/0/6030'] },
      withCode(Code.NOT_FOUND),
    ),
  },
  {
    does: 'takes no clock together with other values',
    cases: [257],
    rule: 'compositeWritten',
    fault: ignores({ code: IPATCH, path: '/', holds: '3/0/13' }, Code.METHOD_NOT_ALLOWED),
  },
  {
    does: 'gives more than a composite read asks for',
    cases: [280],
    rule: 'decodable',
    fault: does(valued('/3/0/0', label('more'), at('readComposite', '/1/0', { under: parsePath('/3/0/16') }))),
  },
  {
    does: 'gives a value for what can only be executed',
    cases: [281],
    rule: 'compositeNothingElse',
    fault: does(valued('/1/0/8', label(''), at('readComposite', '/1/0/8'))),
  },
  {
    does: 'does not say how many instances a resource has',
    cases: [260],
    rule: 'discoverDim',
    fault: answers(
      { code: GET, path: '/3/0', accept: FORMATS.link },
      rewriting((links) => links.replace(/(<\/3\/0\/6>);dim=\d/, '$1')),
    ),
  },
  {
    does: 'shows no inherited attributes',
    cases: [260],
    rule: 'discoverInherited',
    fault: answers(
      { code: GET, path: '/3/0/7', accept: FORMATS.link },
      rewriting((links) => links.replace(/;pmin=10/, '')),
    ),
  },
  {
    does: 'shows no thresholds',
    cases: [260],
    rule: 'discoverAttributes',
    fault: answers(
      { code: GET, path: '/3/0', accept: FORMATS.link },
      rewriting((links) => links.replaceAll(';st=1', '')),
    ),
  },
  {
    does: 'shows no attributes of resource instances',
    cases: [261],
    rule: 'discoverAttributes',
    fault: answers(
      { code: GET, path: '/3/0/11', accept: FORMATS.link },
      rewriting((links) => links.replace(/(<\/3\/0\/11\/0>)[^,]*/, '$1')),
    ),
  },
  {
    does: 'takes no attributes of resource instances',
    cases: [261],
    rule: 'attributesCode',
    fault: does({ type: 'answerCode', code: Code.BAD_REQUEST, ...at('writeAttributes', '/3/0/11/0') }),
  },
  {
    does: 'goes deeper than it is asked to',
    cases: [264],
    rule: 'discoverDepth',
    lwm2m: '1.2',
    fault: answers(
      { code: GET, path: '/3', query: 'depth=1' },
      rewriting((links) => `${links},</3/0/0>`),
    ),
  },
  {
    does: 'does not go as deep as it is asked to',
    cases: [266],
    rule: 'discoverWhole',
    lwm2m: '1.2',
    fault: answers(
      { code: GET, path: '/3', query: 'depth=3' },
      rewriting((links) => links.replaceAll(/,<\/3\/0\/7\/\d+>[^,]*/g, '')),
    ),
  },
  {
    does: 'notifies before pmin',
    cases: [301],
    rule: 'pmin',
    fault: does({ type: 'attributes', under: parsePath('/3/0/8'), instead: { pmin: 0, pmax: 2 } }),
  },
  {
    does: 'does not notify at pmax',
    cases: [301],
    rule: 'pmax',
    fault: drops('/3/0/8'),
  },
  {
    does: 'goes on after a Reset',
    cases: [302],
    rule: 'resetEnds',
    fault: { deaf: (_observed, by) => by === 'reset' },
  },
  {
    does: 'goes on after Observe 1',
    cases: [303],
    rule: 'cancelEnds',
    fault: { deaf: (observed, by) => by === 'observe' && observed.paths.length === 1 },
  },
  {
    does: 'notifies of two paths where three are observed',
    cases: [304],
    rule: 'notifiedWhole',
    fault: does(without('/3/0/16', at('notify', '/3/0/16'))),
  },
  {
    does: 'goes on after Observe 1 for several paths',
    cases: [305],
    rule: 'cancelEnds',
    fault: { deaf: (observed, by) => by === 'observe' && observed.paths.length > 1 },
  },
  {
    does: 'sends in plain text',
    cases: [306, 307, 311],
    rule: 'sendForm',
    fault: does({ type: 'answerOption', option: OptionNumber.CONTENT_FORMAT, value: text, operation: 'send' }),
  },
  {
    does: 'cannot be muted',
    cases: [307],
    rule: 'muteHonoured',
    fault: does({ type: 'noEffect', ...at('write', '/1/0/23') }),
  },
  {
    does: 'does not notify of an instance that was created',
    cases: [308],
    rule: 'notifiedWhole',
    fault: does(without('/16/1', at('notify', '/16/1'))),
  },
  {
    does: 'notifies of an instance that was deleted',
    cases: [309],
    rule: 'deleteGone',
    fault: does(valued('/16/1/0/7', label('gone'), at('notify', '/16/1'))),
  },
  {
    does: 'goes by the attributes that an observation began with',
    cases: [310],
    rule: 'attributesNow',
    fault: drops('/3/0'),
  },
  {
    does: 'does not go by the parameters of an observation',
    cases: [312],
    rule: 'pmax',
    lwm2m: '1.2',
    fault: notifies(({ parameters }) => parameters['pmin'] === 5, mute),
  },
  {
    does: 'goes by attributes where an observation has parameters',
    cases: [313],
    rule: 'parametersWin',
    lwm2m: '1.2',
    fault: notifies(({ parameters }) => parameters['pmax'] === 10, mute),
  },
  {
    does: 'accepts an observation without saying so',
    cases: [710],
    rule: 'observeCode',
    fault: answers({ code: GET, path: '/4/0', accept: packed }, (answer) => ({
      ...answer,
      options: answer.options.filter(({ number }) => number !== 6),
    })),
  },
  {
    does: 'says that it took a time zone and does not',
    cases: [651],
    rule: 'writeTakes',
    fault: does({ type: 'noEffect', ...at('write', '/3/0', { contentFormat: tlv }) }),
  },
  {
    does: 'gives its firmware version as a number',
    cases: [652],
    rule: 'decodable',
    fault: answers(
      { code: GET, path: '/3/0/3', accept: packed },
      inFormat(packed, Buffer.from('81a221662f332f302f330201', 'hex')),
    ),
  },
  {
    does: 'answers a Create of the Device object with 4.00',
    cases: [680],
    rule: 'deviceStays',
    fault: does({ type: 'answerCode', code: Code.BAD_REQUEST, ...at('create', '/3') }),
  },
  {
    does: 'answers a Delete of the Device object with 2.02',
    cases: [685],
    rule: 'deviceStays',
    fault: ignores({ code: DELETE, path: '/3/0' }, Code.DELETED),
  },
  {
    does: 'knows no network bearer',
    cases: [701],
    rule: 'mandatoryThere',
    fault: does(without('/4/0/0', at('read', '/4/0', { accept: packed }))),
  },
  {
    does: 'does not notify of its connectivity',
    cases: [710],
    rule: 'pmax',
    fault: drops('/4/0'),
  },
  {
    does: 'does not notify of a package',
    cases: [760],
    rule: 'firmwareState',
    fault: drops('/5/0/3'),
  },
  {
    does: 'has no result after an update',
    cases: [770],
    rule: 'firmwareState',
    fault: does(valued('/5/0/5', whole(0), at('read', '/5/0'), whole(1))),
  },
  {
    does: 'says that it updates without a package',
    cases: [772],
    rule: 'firmwareNotReady',
    fault: answers({ code: POST, path: '/5/0/2' }, (answer) =>
      answer.code === Code.METHOD_NOT_ALLOWED ? withCode(Code.CHANGED)(answer) : answer,
    ),
  },
  {
    does: 'gives another result when it has no room',
    cases: [773],
    rule: 'firmwareState',
    fault: does(valued('/5/0/5', whole(3), at('read', '/5/0'), whole(2))),
  },
  {
    does: 'gives another result when the integrity check fails',
    cases: [776],
    rule: 'firmwareState',
    fault: does(valued('/5/0/5', whole(8), at('read', '/5/0'), whole(5))),
  },
  {
    does: 'gives another result for a package of a type it does not support',
    cases: [777],
    rule: 'firmwareState',
    fault: does(valued('/5/0/5', whole(5), at('read', '/5/0'), whole(6))),
  },
  {
    does: 'gives another result when the installation fails',
    cases: [779],
    rule: 'firmwareState',
    fault: does(valued('/5/0/5', whole(0), at('read', '/5/0'), whole(8))),
  },
  {
    does: 'knows no latitude',
    cases: [801],
    rule: 'mandatoryThere',
    fault: does(without('/6/0/0', at('read', '/6/0', { accept: packed }))),
  },
  {
    does: 'does not notify of its location',
    cases: [810],
    rule: 'pmax',
    fault: drops('/6/0'),
  },
  {
    does: 'does not stop collecting',
    cases: [901, 910],
    rule: 'executeCode',
    fault: does({ type: 'answerCode', code: Code.METHOD_NOT_ALLOWED, ...at('execute', '/7/0/7') }),
  },
  {
    does: 'says that it took a period of collection and does not',
    cases: [905],
    rule: 'writeTakes',
    fault: does({ type: 'noEffect', ...at('write', '/7/0/8') }),
  },
  {
    does: 'does not notify of its statistics',
    cases: [910],
    rule: 'pmax',
    fault: drops('/7/0'),
  },
  {
    does: 'does not say how many values a new instance has',
    cases: [1630],
    rule: 'discoverDim',
    fault: answers(
      { code: GET, path: '/16/1', accept: FORMATS.link },
      rewriting((links) => links.replaceAll(/;dim=\d+/g, '')),
    ),
  },
  {
    does: 'does not say where it made an instance',
    cases: [1630, 1635],
    rule: 'createThere',
    fault: does({
      type: 'answerOption',
      option: OptionNumber.LOCATION_PATH,
      ...at('create', '/16', { contentFormat: tlv }),
    }),
  },
  {
    does: 'answers a Delete with 2.04',
    cases: [309, 1635],
    rule: 'deleteCode',
    fault: does({ type: 'answerCode', code: Code.CHANGED, ...at('delete', '/16/1') }),
  },
  {
    does: 'lists an instance that was deleted',
    cases: [1635],
    rule: 'deleteGone',
    fault: answers(
      { code: GET, path: '/16', accept: FORMATS.link },
      rewriting((links) => `${links},</16/1>`),
    ),
  },
];
