import { startGateway } from '@openclaw-runtime/gateway';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { encodeRecord, type Kind, NO_USAGE, type Payloads, type RunRequest } from '@openclaw-runtime/protocol';
import { type Command, createMemoryStore, type Lease, runKey } from '@openclaw-runtime/store';
import { createMachine } from '../src/machine/machine.ts';
import { main } from '../src/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

/** A server without a runtime: its runs do what the test writes into their logs. */
export interface LogHouse extends AsyncDisposable {
  readonly url: string;
  /** Commands that reached the owner of a run. */
  readonly commands: readonly Command[];
  /** A world in which the real network is used. */
  world(terminal?: boolean): FakeWorld;
  claw(world: FakeWorld, ...args: string[]): Promise<number>;
  begin(name: string, request?: Partial<RunRequest>): Promise<Log>;
  /** The next run that somebody else begins. */
  offered(): Promise<Log>;
}

export interface Log {
  readonly run: string;
  readonly request: Payloads['run.created'];
  append(...entries: readonly Entry[]): Promise<void>;
  end(more?: Partial<Extract<Payloads['run.finished'], { status: 'completed' }>>): Promise<void>;
  /** The next command that the run is given. */
  command(): Promise<Command>;
}

/** A record of a step, or of none. */
export type Entry = { [K in Kind]: readonly [kind: K, step: number, data: Payloads[K]] }[Kind];

const TENANT = 'default';

export async function openLogHouse(): Promise<LogHouse> {
  const store = createMemoryStore();
  const commands: Command[] = [];
  const offers = createMailbox<Log>();
  const boxes = new Map<string, ReturnType<typeof createMailbox<Command>>>();
  const logs = new Map<string, PromiseWithResolvers<Log>>();
  const boxOf = (key: string): ReturnType<typeof createMailbox<Command>> => {
    const box = boxes.get(key) ?? createMailbox<Command>();
    boxes.set(key, box);
    return box;
  };
  await store.state.put('_house', 'catalogue', JSON.stringify({ agents: [{ name: 'default' }] }), 0);
  const gateway = await startGateway({
    store,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    random: seededRandom(1),
    serverName: 'test',
    onDefect: (_id, error) => {
      throw error;
    },
  });
  const logOf = (lease: Lease): Log => {
    const append = async (entries: readonly Entry[], done = false): Promise<void> => {
      lease.append(
        entries.map(([kind, step, data]) => encodeRecord(kind, step, step === 0 ? 0 : 1, data as never)),
        'disk',
        done,
      );
      await lease.settled();
    };
    return {
      run: lease.key.slice(TENANT.length + 1),
      request: (JSON.parse(lease.creation) as [string, number, number, Payloads['run.created']])[3],
      append: (...entries) => append(entries),
      end: (more = {}) => append([['run.finished', 0, { status: 'completed', reason: 'stop', usage: NO_USAGE, ...more }]], true),
      command: () => boxOf(lease.key).next(),
    };
  };
  const stop = store.queue.consume('owner', 1_000, {
    leased(lease) {
      const log = logOf(lease);
      const awaited = logs.get(lease.key);
      if (awaited) awaited.resolve(log);
      else offers.push(log);
    },
    command(key, command) {
      commands.push(command);
      boxOf(key).push(command);
    },
    lost: () => undefined,
  });

  return {
    url: gateway.url,
    commands,
    world(terminal = false) {
      const world = createFakeWorld(terminal);
      world.env.NO_COLOR = '1';
      return Object.assign(world, { machine: createMachine(systemClock) });
    },
    claw: (world, ...args) => main([...args, '--url', gateway.url], '1', world),
    offered: () => offers.next(),
    async begin(name, request = {}) {
      const key = runKey(TENANT, store.runId(TENANT, name));
      const awaited = Promise.withResolvers<Log>();
      logs.set(key, awaited);
      const asked = { agent: 'default', input: name, ...request, at: 0, fingerprint: name };
      await store.runs.create(key, encodeRecord('run.created', 0, 0, asked), name);
      return awaited.promise;
    },
    async [Symbol.asyncDispose]() {
      stop();
      await gateway.close();
      await store.close();
    },
  };
}

function createMailbox<T>(): { push(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const readers: ((item: T) => void)[] = [];
  return {
    push(item) {
      const reader = readers.shift();
      if (reader) reader(item);
      else items.push(item);
    },
    next: () =>
      new Promise((resolve) => {
        if (items.length > 0) resolve(items.shift() as T);
        else readers.push(resolve);
      }),
  };
}
