/** User and system CPU time of a process with all its threads, from /proc. */

import { readFileSync, readdirSync } from 'node:fs';

/** Microseconds in a clock tick of /proc/PID/stat: the kernel counts hundredths of a second towards programs. */
const TICK = 10_000;

/** CPU time of a process so far, in microseconds: by the scheduler's count (nanoseconds) where the kernel keeps one. */
export function cpuMicroseconds(pid) {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    if (nanoseconds > 0) return nanoseconds / 1000;
  } catch {
    // No schedstat in this kernel, or a thread ended while we looked: the ticks hold both.
  }
  return cpuTicks(pid) * TICK;
}

/** User and system time in clock ticks, ended threads included. */
export function cpuTicks(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}
