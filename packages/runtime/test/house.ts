import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelEnd, ModelRequest, ModelSink } from '@openclaw-runtime/model';
import {
  applyRecord,
  decodeRecord,
  emptyFold,
  encodeRecord,
  NO_USAGE,
  type RunFold,
  type RunRecord,
  type RunRequest,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { createMemoryStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { RUN_LIMITS, type RunLimits, type Runtime, type RuntimeOptions, startRuntime } from '../src/index.ts';

/** What the scripted broker does at each call, in order; the last one repeats. */
export type Act = (request: ModelRequest, sink: ModelSink, signal: AbortSignal) => Promise<ModelEnd> | ModelEnd;

export interface TestHouse extends AsyncDisposable {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly requests: readonly ModelRequest[];
  readonly defects: readonly unknown[];
  run(name: string, request?: Partial<RunRequest>): Promise<RunKey>;
  /** All records of the run, once it has ended. */
  ended(key: RunKey): Promise<RunRecord[]>;
}

export const said: ModelEnd = { finish: 'stop', usage: { ...NO_USAGE, outputTokens: 2 }, toolCalls: [] };

export async function openTestHouse(
  acts: readonly Act[],
  options: {
    prefix?: boolean;
    attach?: boolean;
    fallbacks?: readonly string[];
    limits?: Partial<RunLimits>;
    store?: Store;
    broker?: ModelBroker;
    /** In place of what is given here. */
    runtime?: Partial<RuntimeOptions>;
  } = {},
): Promise<TestHouse> {
  const store = options.store ?? createMemoryStore();
  const requests: ModelRequest[] = [];
  const defects: unknown[] = [];
  const capabilities = { prefix: options.prefix ?? false, attach: options.attach ?? false, tools: true, reasoning: [] };
  const info = { name: 'scripted', provider: 'test', simulated: true, capabilities, fallbacks: options.fallbacks ?? [] };
  const broker: ModelBroker = {
    info: () => info,
    list: () => [info],
    async stream(request, sink, signal) {
      const act = acts[Math.min(requests.length, acts.length - 1)] as Act;
      requests.push(request);
      return act(request, sink, signal);
    },
    close: () => Promise.resolve(),
  };
  const runtime = await startRuntime({
    store,
    broker: options.broker ?? broker,
    agents: [{ name: 'default' }, { name: 'pirate', instructions: 'Talk like a pirate.' }],
    defaultModel: 'scripted',
    clock: systemClock,
    random: seededRandom(1),
    limits: { ...RUN_LIMITS, ...options.limits },
    textDurability: 'process',
    tokenIntervalMs: 0,
    owner: 'test',
    onDefect: (_key, error) => defects.push(error),
    ...options.runtime,
  });
  return {
    store,
    runtime,
    requests,
    defects,
    async run(name, request = {}) {
      const key = runKey('t', name);
      await store.runs.create(
        key,
        encodeRecord('run.created', 0, 0, { agent: 'default', input: name, ...request, at: 0, fingerprint: name }),
        name,
      );
      return key;
    },
    async ended(key) {
      for (;;) {
        const advance = Promise.withResolvers<void>();
        const stop = store.runs.follow(key, () => advance.resolve());
        const { head } = await store.runs.read(key, 0, 1);
        if (!head.done) await advance.promise;
        stop();
        if (head.done) return recordsOf(store, key);
      }
    },
    async [Symbol.asyncDispose]() {
      await runtime.drain(0);
      await store.close();
    },
  };
}

export async function recordsOf(store: Store, key: RunKey): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (;;) {
    const { chunk } = await store.runs.read(key, records.length, 10_000_000);
    if (!chunk) return records;
    records.push(...(JSON.parse(`[${chunk.body}]`) as WireRecord[]).map((wire, i) => decodeRecord(wire, chunk.first + i)));
  }
}

export function foldOf(records: readonly RunRecord[]): RunFold {
  const fold = emptyFold();
  for (const record of records) applyRecord(fold, record);
  return fold;
}

export function kindsOf(records: readonly RunRecord[]): string[] {
  return records.map((record) => record.kind);
}
