/**
 * A second yardstick: the `coap` package's bare server, which answers every request 2.04 without a payload. `node
 * node-coap.mjs` prints `ready PORT`; it ends when its input does.
 */

import { createServer } from 'coap';

const server = createServer((_request, response) => {
  response.code = '2.04';
  response.end();
});
server.listen(0, '127.0.0.1', () => console.log(`ready ${server._sock.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume();
