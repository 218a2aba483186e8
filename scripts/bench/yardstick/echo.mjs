/**
 * The yardstick: a bare node:dgram server that sends every datagram back, and nothing else. `node echo.mjs` prints
 * `ready PORT`; it ends when its input does.
 */

import { createSocket } from 'node:dgram';

const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
socket.on('message', (message, from) => socket.send(message, from.port, from.address));
socket.bind(0, '127.0.0.1', () => console.log(`ready ${socket.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume();
