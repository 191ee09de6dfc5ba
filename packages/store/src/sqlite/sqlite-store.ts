import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Clock, newId, type Random, SlotMap, systemClock, systemRandom } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunSummary, Store, Versioned } from '../contract/store.ts';
import type { Gap } from '../hall/committer.ts';
import { type EngineMeter, meteredPersister } from '../hall/engine-meter.ts';
import { createHall } from '../hall/hall.ts';
import type { CompactSlice, EraseSlice, Persister, Receipt, Stored } from '../hall/persister.ts';
import type { Rest } from './checkpoints.ts';
import { createCopying } from './copying.ts';
import { type Answer, type KeptSnapshot, type Opened, type Reply, type Request, type ThreadData, UNKNOWN_BOOT } from './messages.ts';
import { readSnapshot } from './read-snapshot.ts';
import { createTurns } from './turns.ts';

export interface SqliteOptions {
  /** Made when it does not exist, readable by its owner only. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Between commits; the longer one is for a busy store. */
  readonly gap?: Gap;
  /** Characters of ended runs kept in memory for readers that come right after. */
  readonly cacheChars?: number;
  /** Characters that the requests of unfinished runs may hold together. */
  readonly maxAliveChars?: number;
  /** Characters of records that a run which goes on keeps, though its snapshot stands for them. */
  readonly liveChars?: number;
  /** Hears what the engine does; absent: nothing is measured. */
  readonly meter?: EngineMeter;
}

/**
 * The engine of one machine: SQLite in a thread of its own, one transaction per group commit. Rejects with `DATA_LOCKED` when another process has the
 * folder, `DATA_DAMAGED` when a checksum fails, `DATA_FORMAT` for a folder of another version.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const {
    folder,
    clock = systemClock,
    random = systemRandom,
    gap = { minMs: 2, maxMs: 16 },
    cacheChars = 8 * 1024 * 1024,
    maxAliveChars = 256 * 1024 * 1024,
    liveChars = 4 * 1024 * 1024,
    meter,
  } = options;
  const path = join(folder, 'openclaw.db');
  let fd: number;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    fd = openSync(path, 'a+', 0o600);
  } catch (error) {
    throw new OpenClawError('STORE_FAILED', `The data folder ${folder} cannot be written (${(error as Error).message}). Name another.`, {
      cause: error,
    });
  }
  const data: ThreadData = { path, boot: bootId(), life: newId(random), freshSecret: random.bytes(32), wallMs: clock.wall(), liveChars };
  const thread = new Worker(new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url), {
    workerData: data,
    env: {},
  });
  const opened = await firstMessage(thread);
  if (!opened.ok) {
    await thread.terminate();
    closeSync(fd);
    throw OpenClawError.fromBody(opened);
  }
  const persister = threadPersister(thread, path, fd, clock);
  const hall = createHall({
    persister: meter ? meteredPersister(persister, meter, clock) : persister,
    recovered: opened.recovered,
    secret: opened.secret,
    clock,
    gap,
    cacheChars,
    maxAliveChars,
    meter,
  });
  try {
    await hall.resume();
  } catch (error) {
    await hall.close();
    throw error;
  }
  return hall;
}

/** Pages on their way to the main thread: so many that they keep pace with runs that end, and so few that taking them in holds up nobody. */
const READS_AT_ONCE = 8;

function threadPersister(thread: Worker, path: string, fd: number, clock: Clock): Persister {
  const asked = new SlotMap<number, { resolve(answer: Answer): void; reject(error: unknown): void }>();
  let n = 0;
  let gone: OpenClawError | undefined;
  let isClosed = false;
  const inTurn = createTurns(READS_AT_ONCE);

  const ask = (request: { op: Request['op'] } & Record<string, unknown>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (gone) return reject(gone);
      asked.set(++n, { resolve, reject });
      thread.postMessage({ ...request, n });
    });
  const lose = (why: string): void => {
    gone = new OpenClawError('STORE_FAILED', `The store's thread ended (${why}). Restart the process.`);
    for (const { reject } of asked.values()) reject(gone);
    asked.clear();
  };

  thread.on('message', (reply: Reply) => {
    const waiting = asked.get(reply.n);
    asked.delete(reply.n);
    if (reply.ok) waiting?.resolve(reply.answer);
    else waiting?.reject(OpenClawError.fromBody(reply));
  });
  thread.on('error', (error) => lose((error as Error).message));
  thread.on('exit', (code) => lose(`exit code ${code}`));

  const copying = createCopying({
    path,
    fd,
    wallMs: () => clock.wall(),
    freeze: () => ask({ op: 'freeze' }) as Promise<Rest>,
    thaw: (rest) => ask({ op: 'thaw', rest }) as Promise<boolean>,
  });

  return {
    loads: true,
    backup: copying.backup,
    verify: copying.verify,
    commit: (batch) => ask({ op: 'commit', batch }) as Promise<Receipt>,
    load: (key, after, maxBytes) => inTurn(() => ask({ op: 'load', key, after, maxBytes }) as Promise<Stored | undefined>),
    snapshot: (key) =>
      readSnapshot(
        () => ask({ op: 'snapshot', key }) as Promise<KeptSnapshot | undefined>,
        (id) => ask({ op: 'part', id }) as Promise<string | undefined>,
      ),
    state: (key) => ask({ op: 'state', key }) as Promise<Versioned | undefined>,
    hasCommand: (key, id) => ask({ op: 'command', key, id }) as Promise<boolean>,
    list: (tenant, query) => ask({ op: 'list', tenant, query }) as Promise<readonly RunSummary[]>,
    fold: (key) => ask({ op: 'fold', key }) as Promise<boolean>,
    compact: (what) => ask({ op: 'compact', ask: what }) as Promise<CompactSlice>,
    erase: (what) => ask({ op: 'erase', ask: what }) as Promise<EraseSlice>,
    async close() {
      if (isClosed) return;
      isClosed = true;
      copying.stop();
      if (!gone) {
        const ended = new Promise((resolve) => thread.once('exit', resolve));
        await ask({ op: 'close' });
        await ended;
      }
      closeSync(fd);
    },
  };
}

function firstMessage(thread: Worker): Promise<Opened> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

/** Linux names each boot; elsewhere every boot looks the same and a power loss is noticed by its readers only. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return UNKNOWN_BOOT;
  }
}
