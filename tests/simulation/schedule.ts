import { applyRecord, decodeRecords, emptyFold, OpenClawError, type RunFold } from '@openclaw-runtime/protocol';
import { runKey, type Store } from '@openclaw-runtime/store';
import { createChance } from './chance.ts';
import { createDisk, type Disk } from './disk.ts';
import { createHands } from './hands.ts';
import { type Evidence, judge, type Log, pendingCommands, type Violation } from './judge.ts';
import { createKernel } from './kernel.ts';
import { createNetwork, type Network } from './network.ts';
import type { Fault, Plan } from './plan.ts';
import { type Process, startProcess } from './process.ts';
import { createProvider, type LedgerEntry, type Provider } from './provider.ts';
import { MAY_HOLD, openServer, type Server } from './server.ts';
import { type Book, openUser } from './user.ts';

export interface Report {
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly faults: number;
  readonly simulatedMs: number;
  /** The same seed on the same sources gives the same digest. */
  readonly digest: string;
  readonly books: ReadonlyMap<string, Book>;
  readonly logs: ReadonlyMap<string, Log>;
  readonly ledger: readonly LedgerEntry[];
}

/** Milliseconds after the last fault by which everything must have come to its end. */
const LIMIT_MS = { safety: 150_000, swizzle: 150_000, liveness: 15_000 } as const;
/** A snapshot is one frame, however long. */
const SNAPSHOT_BYTES = 16_000;
/** So is a record, however long: what a piece of an operation came to is one. */
const PIECE_BYTES = 16_000;
/** A client notices only by silence that nobody is there (PROTOCOL.md §2.7). */
const SILENCE_MS = 45_000;

/** Plays one plan to its end and judges what everybody saw. `strays` are errors that nobody caught; they are taken out. */
export async function playSchedule(plan: Plan, strays: unknown[] = []): Promise<Report> {
  const defects: unknown[] = [];
  const onDefect = (error: unknown): void => void defects.push(error);
  const chance = createChance(plan.seed).branch('course');
  const kernel = createKernel(onDefect);
  const disk = createDisk(chance.branch('disk'));
  const network = createNetwork({ kernel, chance: chance.branch('network'), latencyMs: plan.latencyMs });
  const provider = createProvider(kernel, chance.branch('provider'), plan.tokens, plan.gapMs);
  const hands = createHands();
  const skew = new Map<string, number>();
  const books = new Map(plan.users.map(({ name }) => [name, { lines: [] }] as [string, Book]));
  const users = new Map<string, Process>();
  let host: { readonly process: Process; server: Server | undefined } | undefined;
  let lives = 0;
  let restoredAt: number | undefined;

  const startServer = (): void => {
    if (host?.process.alive) return;
    const process = startProcess(kernel, `server-${++lives}`, () => skew.get('server') ?? 0);
    const mine = { process, server: undefined as Server | undefined };
    host = mine;
    const onFailed = (): void => {
      process.kill();
      kernel.after(100, startServer);
    };
    openServer({ process, disk, network, provider, hands, chance: chance.branch(`life ${lives}`), onDefect, onFailed }).then(
      (server) => {
        mine.server = server;
      },
      (error: unknown) => {
        if (process.alive) onFailed();
        if (!isStoreTrouble(error)) onDefect(error);
      },
    );
  };
  const startUser = (name: string): void => {
    if (users.get(name)?.alive) return;
    const process = startProcess(kernel, name, () => skew.get(name) ?? 0);
    users.set(name, process);
    const own = plan.users.find((user) => user.name === name) as Plan['users'][number];
    openUser({ process, network, chance, plan: own, book: books.get(name) as Book, now: () => kernel.now });
  };
  const world: World = {
    disk,
    network,
    provider,
    skew,
    after: kernel.after,
    startServer,
    startUser,
    host: () => host,
    user: (name) => users.get(name),
  };

  startServer();
  for (const { name } of plan.users) startUser(name);
  for (const fault of plan.faults) {
    kernel.at(fault.atMs, () => {
      if (fault.t === 'restore-older') restoredAt = kernel.now;
      strike(fault, world);
    });
  }
  kernel.at(plan.healAtMs, () => {
    Object.assign(disk, { full: false, slowMs: 0, failNext: false });
    provider.faults.rate = 0;
    network.heal();
  });

  const isThrough = plan.users.map(({ name, asks }) => throughOf(books.get(name) as Book, asks.length));
  const isOver = (): boolean => kernel.now > plan.healAtMs && isThrough.every((is) => is());
  const isDark = plan.faults.some(
    (fault) => fault.t === 'power-loss' || fault.t === 'restore-older' || (fault.t === 'cut' && fault.how === 'half-open'),
  );
  const end = await kernel.run(isOver, plan.healAtMs + 3_500 + LIMIT_MS[plan.mode] + (isDark ? SILENCE_MS : 0));
  const simulatedMs = kernel.now;

  host?.process.kill();
  for (const process of users.values()) process.kill();
  const logs = await readLogs();
  defects.push(...strays.splice(0));
  const evidence: Evidence = {
    plan,
    end,
    books,
    logs,
    ledger: provider.ledger,
    effects: hands.effects,
    powerLosses: disk.powerLosses,
    restoredAt,
    commandsOf: disk.commandsOf,
    defects,
    peakUnsent: network.peakUnsent,
    mayHold:
      MAY_HOLD +
      (plan.faults.some(({ t }) => t === 'compaction') ? SNAPSHOT_BYTES : 0) +
      (plan.users.some(({ asks }) => asks.some(({ operation }) => operation !== undefined)) ? PIECE_BYTES : 0),
  };
  return {
    violations: judge(evidence),
    events: kernel.events,
    faults: plan.faults.length,
    simulatedMs,
    digest: digestOf(books, kernel.events),
    books,
    logs,
    ledger: provider.ledger,
  };

  /** Everything afresh: a new process on the disk as it is, and its store asked for each run. */
  async function readLogs(): Promise<Map<string, Log>> {
    const found = new Map<string, Log>();
    const process = startProcess(kernel, 'reader', () => 0);
    const opening = openServer({
      process,
      disk,
      network,
      provider,
      hands,
      chance: chance.branch('reader'),
      consumes: false,
      onDefect,
      onFailed: () => undefined,
    });
    let over = false;
    const reading = opening
      .then(async ({ store }) => {
        for (const run of startedRuns(books)) {
          const truth = disk.truthOf(runKey('default', run));
          const served = await readFold(store, run);
          if (truth) found.set(run, { ...truth, served });
        }
      })
      .catch(onDefect)
      .finally(() => {
        over = true;
      });
    await kernel.run(() => over, kernel.now + 60_000);
    process.kill();
    if (over) await reading;
    else onDefect(new Error('the logs could not be read within a minute'));
    return found;
  }
}

function startedRuns(books: ReadonlyMap<string, Book>): ReadonlySet<string> {
  return new Set([...books.values()].flatMap(({ lines }) => lines.flatMap((line) => (line.t === 'started' ? [line.run] : []))));
}

/** A run as the store serves it: its records, or the snapshot that stands for them. */
async function readFold(store: Store, run: string): Promise<RunFold | undefined> {
  let fold = emptyFold();
  for (;;) {
    const page = await Promise.resolve(store.runs.read(runKey('default', run), fold.seq, 10_000)).catch(() => undefined);
    if (!page) return undefined;
    if (page.snapshot) fold = JSON.parse(page.snapshot.fold) as RunFold;
    else if (page.chunk) for (const record of decodeRecords(page.chunk.body, page.chunk.first)) applyRecord(fold, record);
    else return fold;
  }
}

interface World {
  readonly disk: Disk;
  readonly network: Network;
  readonly provider: Provider;
  readonly skew: Map<string, number>;
  after(ms: number, fn: () => void): () => void;
  startServer(): void;
  startUser(name: string): void;
  host(): { readonly process: Process; readonly server: Server | undefined } | undefined;
  user(name: string): Process | undefined;
}

function strike(fault: Fault, world: World): void {
  const { disk, network, provider, skew, after } = world;
  switch (fault.t) {
    case 'kill-server':
      world.host()?.process.kill();
      return void after(fault.downMs, world.startServer);
    case 'drain-server': {
      const host = world.host();
      const stop = (): void => {
        host?.process.kill();
        after(fault.downMs, world.startServer);
      };
      if (!host?.server) return stop();
      host.server.drain().then(stop, stop);
      return void after(3_000, stop);
    }
    case 'power-loss':
      network.darken();
      world.host()?.process.kill();
      disk.losePower();
      return void after(fault.downMs, world.startServer);
    case 'restore-older':
      network.darken();
      world.host()?.process.kill();
      disk.restoreOlder();
      return void after(fault.downMs, world.startServer);
    case 'kill-user':
      world.user(fault.user)?.kill();
      return void after(fault.downMs, () => world.startUser(fault.user));
    case 'cut':
      return network.cut(fault.user, fault.how);
    case 'clog':
      network.clog(fault.user);
      return void after(fault.forMs, () => network.unclog(fault.user));
    case 'disk-full':
      disk.full = true;
      return void after(fault.forMs, () => {
        disk.full = false;
      });
    case 'disk-slow':
      disk.slowMs = 300;
      return void after(fault.forMs, () => {
        disk.slowMs = 0;
      });
    case 'disk-fails':
      disk.failNext = true;
      return;
    case 'provider-faulty':
      provider.faults.rate = 0.7;
      return void after(fault.forMs, () => {
        provider.faults.rate = 0;
      });
    case 'compaction':
      return void world
        .host()
        ?.server?.store.upkeep.compact({ compactAfterMs: 0 }, 0)
        .catch(() => undefined);
    case 'clock-jumps':
      return void skew.set(fault.user, (skew.get(fault.user) ?? 0) + fault.byMs);
  }
}

/** The process ends and starts again, as it should. */
function isStoreTrouble(error: unknown): boolean {
  return error instanceof OpenClawError && (error.code === 'STORE_FULL' || error.code === 'STORE_FAILED');
}

/** Whether all that a user asked for is over. Looked at after each event, and found out anew only when something was written into the book. */
function throughOf(book: Book, asks: number): () => boolean {
  let known = { lines: -1, is: false };
  return () => {
    const { length } = book.lines;
    if (length !== known.lines) known = { lines: length, is: Array.from({ length: asks }, (_, i) => i).every((i) => pastIsOver(book, i)) };
    return known.is;
  };
}

function pastIsOver({ lines }: Book, i: number): boolean {
  return (
    pendingCommands(lines.filter((line) => line.i === i)).length === 0 &&
    lines.some((line) => line.i === i && (line.t === 'ended' || line.t === 'failed'))
  );
}

function digestOf(books: ReadonlyMap<string, Book>, events: number): string {
  let value = events;
  for (const { lines } of books.values()) {
    const text = JSON.stringify(lines);
    for (let i = 0; i < text.length; i++) value = (Math.imul(value ^ text.charCodeAt(i), 0x01000193) + 1) >>> 0;
  }
  return value.toString(36);
}
