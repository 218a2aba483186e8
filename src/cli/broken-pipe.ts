/** What becomes of the process when nobody reads its output any more. */

/**
 * Lets the process outlive a reader of its output that went away (`| head`): a command ends quietly, a server goes on.
 * Called once, before
 * anything is written.
 */
export function onBrokenPipe(what: 'end' | 'go on'): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (what === 'end') process.exit();
    });
  }
}
