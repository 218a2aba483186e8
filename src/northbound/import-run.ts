/** Carries an import out: several lines at once, their results in the order of the lines, one JSON object each. */

import { AppError, toHex } from '#base';
import type { CredentialInput, CredentialPut, Fleet } from '#fleet';
import type { Principal } from '#fleet/model';

import { IMPORT_LINE } from './credential-schemas.js';
import type { ImportLine } from './import-lines.js';
import { isFault } from './problems.js';
import type { StreamTarget } from './route.js';
import { bodyCheck } from './validate.js';

/** An import. */
export interface Import {
  readonly fleet: Fleet;
  readonly principal: Principal;
  readonly lines: Iterable<ImportLine>;
  /** rehearse: nothing is changed. */
  readonly mode: 'carry_out' | 'rehearse';
}

interface LineResult {
  readonly result: CredentialPut['result'] | 'failed';
  readonly [member: string]: unknown;
}

/** Writes a result for each line and the counts behind them. Rejects with what is a fault of ours. */
export async function runImport({ fleet, principal, lines, mode }: Import, target: StreamTarget): Promise<void> {
  const counts = { lines: 0, created: 0, changed: 0, unchanged: 0, failed: 0 };
  const rehearsal = mode === 'rehearse' ? { rehearsal: fleet.credentials.rehearse() } : {};
  let reader: 'there' | 'gone' = 'there';
  target.onClose(() => (reader = 'gone'));
  const put = async (line: ImportLine): Promise<LineResult> => {
    try {
      const { endpoint, id, ...input } = read(line);
      const where = { line: line.line, endpoint, id };
      try {
        const options = { generate: 'once', ...rehearsal } as const;
        return { ...where, ...shown(await fleet.credentials.put(principal, endpoint, id, input, options)) };
      } catch (error) {
        return { ...where, ...failure(error) };
      }
    } catch (error) {
      return { line: line.line, ...failure(error) };
    }
  };
  const tell = async (pending: Promise<LineResult>): Promise<void> => {
    const result = await pending;
    counts.lines += 1;
    counts[result.result] += 1;
    target.write(`${JSON.stringify(result)}\n`);
    if (target.unread > UNREAD) await target.drained();
  };
  const running: Promise<LineResult>[] = [];
  for (const line of lines) {
    if ((reader as string) === 'gone') break;
    running.push(put(line));
    if (running.length >= AT_ONCE) await tell(running.shift() as Promise<LineResult>);
  }
  for (const pending of running) await tell(pending);
  target.write(`${JSON.stringify({ ...counts, dryRun: mode === 'rehearse' })}\n`);
  target.end();
}

/** The members a line may have, which are the columns of CSV. */
export const IMPORT_COLUMNS: readonly string[] = Object.keys(IMPORT_LINE.properties);

function read({ value, fault }: ImportLine): CredentialInput & { readonly endpoint: string; readonly id: string } {
  if (fault !== undefined) throw fault;
  check(value);
  return value as CredentialInput & { readonly endpoint: string; readonly id: string };
}

function shown({ result, generated, warnings }: CredentialPut): LineResult {
  return {
    result,
    ...(generated !== undefined && { key: `hex:${toHex(generated)}` }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** What became of a line that was refused. Throws what is no refusal. */
function failure(error: unknown): LineResult {
  if (!(error instanceof AppError) || isFault(error)) throw error;
  return { result: 'failed', code: error.code, detail: error.message };
}

const check = bodyCheck(IMPORT_LINE);
/** Lines under way at once: as many as one device may have waiting, should all be of one. */
const AT_ONCE = 16;
/** Bytes not taken by the reader, beyond which the import waits for it. */
const UNREAD = 65_536;
