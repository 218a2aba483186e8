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
  // The benchmark is gone: nothing of it stays behind.
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
