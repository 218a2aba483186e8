#!/usr/bin/env node
/** What `bellwether` starts. Loads the program only when this Node can run it, so that another ends with a sentence and not with a stack. */

import { onBrokenPipe } from './broken-pipe.js';
import { whyNotThisNode } from './node-version.js';

const why = whyNotThisNode(process.version);
if (why === undefined) {
  try {
    onBrokenPipe(process.argv[2] === 'serve' ? 'go on' : 'end');
    const { run } = await import('./program.js');
    await run(process.argv);
  } catch (error) {
    process.stderr.write(
      `bellwether: the program cannot be loaded: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  }
} else {
  process.stderr.write(`bellwether: ${why}\n`);
  process.exitCode = 1;
}
