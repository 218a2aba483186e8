/** Loaded beside the server under test: tells its memory, after two collections, to the benchmark that started it. */

import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel) {
  process.on('message', () => {
    globalThis.gc();
    setTimeout(() => {
      globalThis.gc();
      process.send(process.memoryUsage());
    }, 200);
  });
  process.channel.unref();
}
