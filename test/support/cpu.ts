/** Time of the processor: what a piece of work costs, also while other programs keep the machine busy. */

/** What `process.cpuUsage` measured, in milliseconds. */
export function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
