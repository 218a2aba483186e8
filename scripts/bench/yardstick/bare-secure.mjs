/**
 * Our stack without a server on it: DTLS with the pre-shared key of the benchmarks, and every request is answered 2.04
 * without a payload. `node bare-secure.mjs` prints `ready PORT`; it ends when its input does.
 */

import { silentLogger, systemClock, systemRandom } from '../../../dist/base/index.js';
import { DEFAULT_PARAMETERS } from '../../../dist/coap/endpoint/index.js';
import { DTLS_PARAMETERS, Stack } from '../../../dist/transport/index.js';
import { PSK } from '../dtls/identities.mjs';

const CHANGED = 0x44;
const PSK_CCM_8 = 0xc0_a8;

const stack = new Stack({
  ...{ parameters: DEFAULT_PARAMETERS, clock: systemClock, random: systemRandom, logger: silentLogger },
  dtls: { ...DTLS_PARAMETERS, suites: [PSK_CCM_8] },
  fault: (error) => {
    throw error;
  },
});
stack.serve({
  handle: (event) => {
    if (event.type === 'request') stack.respond(event.exchange, { code: CHANGED });
  },
});
stack.serveSecure({
  ask: (question, _listener, answer) => {
    if (question.about !== 'psk') {
      answer({ is: 'refused' });
      return;
    }
    const name = Buffer.from(question.identity).toString('latin1');
    answer({ is: 'key', key: PSK, owner: { kind: 'psk', name, endpoint: name } });
  },
});
const offer = { psk: 'offered', proofs: [], clientProofs: [] };
const { port } = await stack.listen(
  { address: '127.0.0.1', port: 0, stack: 'single', receiveBuffer: 1 << 20 },
  { role: 'server', offer },
);
console.log(`ready ${port}`);
process.stdin
  .on('end', () => {
    // In time for a profile to be written.
    stack.close().then(() => process.exit(0));
  })
  .resume();
