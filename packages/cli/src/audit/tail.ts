import { type AuditRecord, readRecords } from '@openclaw-runtime/audit';
import { sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { plainJson, plainLine } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import { configOf, type DataOptions } from '../data/options.ts';

export interface TailOptions extends DataOptions {
  readonly lines: string;
  readonly follow?: boolean;
}

const LOOK_MS = 500;
const INTERRUPTED = 130;

/** Prints the last records, and those that come where it follows. */
export async function tail(options: TailOptions, world: World): Promise<number> {
  const most = Number(options.lines);
  if (!Number.isInteger(most) || most < 0)
    throw new OpenClawError('BAD_REQUEST', `--lines: ${JSON.stringify(options.lines)} is no number.`);
  const disk = world.data.audit(configOf(options, world).dataDir);
  const print = (records: readonly AuditRecord[]): void => {
    for (const record of records) world.out.write(`${options.json ? plainJson(record) : lineOf(record)}\n`);
  };
  // All of them where it follows: those that are not shown say where it begins.
  const first = await readRecords(disk, 0, Math.max(most, 1));
  print(most === 0 ? [] : first);
  if (!options.follow) return 0;
  const abort = new AbortController();
  const release = world.onStop(() => abort.abort());
  try {
    for (let last = first.at(-1)?.seq ?? 0; ; ) {
      await sleep(world.clock, LOOK_MS, abort.signal);
      const fresh = await readRecords(disk, last, Number.POSITIVE_INFINITY);
      print(fresh);
      last = fresh.at(-1)?.seq ?? last;
    }
  } catch (error) {
    if (abort.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    release();
  }
}

/** `2026-11-23T08:00:00.000Z  #12 default key:abc refused run.create RATE_LIMITED (37 more)`. */
function lineOf({ seq, time, tenant, principal, address, action, target, decision, why, times }: AuditRecord): string {
  const who = `${tenant} ${principal}${address === undefined ? '' : ` from ${address}`}`;
  const what = [decision, action, target, why].filter((part) => part !== undefined).join(' ');
  return plainLine(`${time} #${seq} ${who} ${what}${times === undefined ? '' : ` (${times} more)`}`);
}
