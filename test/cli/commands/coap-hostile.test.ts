/** Whatever a server answers, the CoAP tool says what came in printable lines and ends with a code that it documents. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FuzzRandom } from '../../fuzz/support/random.js';
import { bellwether } from '../support/command-line.js';
import { UdpServer } from '../support/udp-server.js';

const ROUNDS = 150;
const GOOD = [
  ...['61450001 a1 ff61', '60000001', '70000001', '61840001 a1', '41450009 a1 6102 ff62', '5145000a a1 6103'],
  ...[`61450001 a1 d10a09 ff${'61'.repeat(32)}`, '615f0001 a1 d10e08', '61440001 a1 d10e00', '61450001 a1 6101 ff61'],
  ...['40010009 b133', '61810001 a1 d1ef00', '61450001 a1 c16e ff5b7b7d5d'],
].map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const COMMANDS = [
  ...[['get'], ['get', '--block-size', '32'], ['put', '--payload', 'x'.repeat(40), '--block-size', '16']],
  ...[
    ['post', '--repeat', '2'],
    ['get', '--non', '--hex'],
    ['get', '--withhold-ack', '--json', '--hex'],
  ],
  ...[
    ['observe', '--observe-for', '0.01'],
    ['observe', '--count', '1', '--abandon', '--observe-for', '0.05'],
  ],
  ['fetch', '--option', '27=0x08', '--payload', 'x'],
];

describe('the CoAP tool and a hostile server', () => {
  let random = new FuzzRandom(1);
  let server: UdpServer;

  beforeAll(async () => {
    server = await UdpServer.open(() =>
      Array.from({ length: random.below(3) }, () => {
        const good = random.pick(GOOD);
        return (random.chance(0.5) ? good : random.mutate(good)).toString('hex');
      }),
    );
  });

  afterAll(() => {
    server.close();
  });

  it(`ends as it says, in ${ROUNDS} rounds of answers that are nearly good`, async () => {
    const ends = new Set<number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      random = new FuzzRandom(1, round);
      const [name = '', ...flags] = random.pick(COMMANDS);
      const fixed = ['--message-id', '1', '--token', 'a1', '--timeout', '0.03'];
      const { code, out, err } = await bellwether(['coap', name, server.uri, ...fixed, ...flags]);
      const told = JSON.stringify({ round, name, flags, code, out, err });
      expect([told, [0, 1, 3, 4].includes(code)]).toEqual([told, true]);
      expect(err).toMatch(/^(bellwether: [^\n]+\n)?$/);
      expect(out.replaceAll(/\r?\n|\t/g, '')).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
      ends.add(code);
    }
    expect([...ends].sort()).toEqual([0, 1, 3, 4]);
  }, 60_000);
});
