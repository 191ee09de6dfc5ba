import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AuditDisk } from './disk.ts';
import { fileOf } from './files.ts';
import { createFlood } from './flood.ts';
import { writeHead } from './head.ts';
import { findEnd } from './opening.ts';
import { type AuditEvent, seal, type Unsealed, unsealed } from './record.ts';

export interface AuditLogOptions {
  readonly disk: AuditDisk;
  readonly clock: Clock;
  readonly random: Random;
  /** Names the rules by which the house decides now. */
  readonly policy: () => string;
  /** After which a new file is begun. Absent: 16 MiB. */
  readonly maxFileBytes?: number;
  /** One line for the operator: that something was found, that the disk refuses, that it takes again. */
  tell(line: string): void;
}

export interface AuditStatus {
  /** Written since this process began. */
  readonly written: number;
  /** In memory, since the disk has not taken them yet. */
  readonly waiting: number;
  /** Of which there was no room in memory. */
  readonly lost: number;
  readonly failing: boolean;
}

export interface AuditLog extends AsyncDisposable {
  /** Is written within a second; refusals that repeat are counted. Never throws. */
  note(event: AuditEvent): void;
  /** Durable when it resolves. Rejects with `STORE_FAILED` where the disk refuses; the record then says that it was refused. */
  ensure(event: AuditEvent): Promise<void>;
  readonly status: AuditStatus;
}

interface Waiting {
  readonly entry: Unsealed;
  readonly settle?: PromiseWithResolvers<void>;
}

const WRITE_MS = 1_000;
const MAX_FILE_BYTES = 16 * 2 ** 20;
const MOST_WAITING = 10_000;
/** Sealed in one turn of the event loop. */
const AT_ONCE = 256;
const HOUSE = { tenant: '*', id: 'house' };

/** Opens the log, mends what a kill left, and writes down that it was opened. Rejects where it cannot be read or written. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { disk, clock, random, policy, maxFileBytes = MAX_FILE_BYTES, tell } = options;
  const found = await findEnd(disk, () => random.bytes(32));
  const { key } = found;
  const flood = createFlood();
  let { seq, mac, file, at } = found;
  let waiting: Waiting[] = [];
  let written = 0;
  let lost = 0;
  let untold = 0;
  let headBehind = false;
  let failing = false;
  let cancelTimer: (() => void) | undefined;
  let closed = false;
  let writing: Promise<void> | undefined;

  const put = (event: AuditEvent, times?: number, settle?: Waiting['settle']): void => {
    const entry = unsealed(event, new Date(clock.wall()).toISOString(), policy(), times);
    waiting.push({ entry, ...(settle && { settle }) });
  };

  const writeSome = async (): Promise<void> => {
    const batch = waiting.slice(0, AT_ONCE);
    let [nextSeq, nextMac, text] = [seq, mac, ''];
    for (const { entry } of batch) {
      const sealed = seal(entry, ++nextSeq, nextMac, key);
      nextMac = sealed.mac;
      text += sealed.line;
    }
    const bytes = new TextEncoder().encode(text);
    const turned = at > 0 && at + bytes.length > maxFileBytes;
    const [nextFile, from] = turned ? [fileOf(seq + 1), 0] : [file, at];
    await disk.append(nextFile, from, bytes);
    [seq, mac, file, at] = [nextSeq, nextMac, nextFile, from + bytes.length];
    written += batch.length;
    waiting = waiting.slice(batch.length);
    headBehind = true;
    await writeHead(disk, { seq, mac }, key).then(
      () => {
        headBehind = false;
      },
      () => undefined,
    );
    for (const { settle } of batch) settle?.resolve();
  };

  const refuse = (error: unknown): void => {
    const why = OpenClawError.from(error, 'STORE_FAILED');
    if (!failing) tell(`the audit log cannot be written, so what only operators may do is refused: ${why.message}`);
    failing = true;
    waiting = waiting.map(({ entry, settle }) => {
      if (!settle) return { entry };
      settle.reject(
        new OpenClawError('STORE_FAILED', 'The audit log cannot be written, so this is not done. Look at its disk.', { cause: why }),
      );
      return { entry: { ...entry, decision: 'refused', why: 'STORE_FAILED' } };
    });
    if (waiting.length <= MOST_WAITING) return;
    lose(waiting.length - MOST_WAITING);
    waiting = waiting.slice(0, MOST_WAITING);
  };

  const lose = (count: number): void => {
    lost += count;
    untold += count;
  };

  const write = async (): Promise<void> => {
    for (const { event, times } of flood.due(closed ? Number.POSITIVE_INFINITY : clock.now())) put(event, times);
    try {
      while (waiting.length > 0) await writeSome();
      if (headBehind) await writeHead(disk, { seq, mac }, key);
      headBehind = false;
      if (failing) tell(`the audit log is written again; ${untold === 0 ? 'nothing was' : `${untold} records were`} lost`);
      failing = false;
      if (untold === 0) return;
      put({ principal: HOUSE, action: 'audit.lost', decision: 'refused' }, untold);
      untold = 0;
    } catch (error) {
      refuse(error);
    }
  };

  /** One at a time; who comes meanwhile is in the next. */
  const flush = async (): Promise<void> => {
    while (writing) await writing;
    writing = write().finally(() => {
      writing = undefined;
      arm();
    });
    await writing;
  };

  const arm = (): void => {
    if (closed || cancelTimer || (waiting.length === 0 && flood.empty && !headBehind)) return;
    cancelTimer = clock.after(WRITE_MS, () => {
      cancelTimer = undefined;
      void flush();
    });
  };

  const log: AuditLog = {
    note(event) {
      if (event.decision === 'refused' && !flood.lets(event, clock.now())) return arm();
      if (waiting.length >= MOST_WAITING) lose(1);
      else put(event);
      arm();
    },
    async ensure(event) {
      const settle = Promise.withResolvers<void>();
      put(event, undefined, settle);
      void flush();
      await settle.promise;
    },
    get status() {
      return { written, waiting: waiting.length, lost, failing };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      cancelTimer?.();
      await flush();
    },
  };

  if (found.torn) tell('the audit log ended within a record, as after a kill; that part was cut off');
  if (found.damage !== undefined) tell(`the audit log is not as it was left: ${found.damage}. Run claw audit verify`);
  const why = found.damage ?? (found.torn ? 'a torn record was cut off' : undefined);
  await log.ensure({
    principal: HOUSE,
    action: found.damage === undefined ? 'audit.opened' : 'audit.damaged',
    decision: 'allowed',
    ...(why !== undefined && { why }),
  });
  return log;
}
