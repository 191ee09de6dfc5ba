import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createBroker } from '@openclaw-runtime/model';
import { applyRecord, decodeRecord, emptyFold, encodeRecord, type RunFold, type WireRecord } from '@openclaw-runtime/protocol';
import { RUN_LIMITS, startRuntime } from '@openclaw-runtime/runtime';
import { createMemoryStore, type RunKey, runKey } from '@openclaw-runtime/store';

/** A broker and a runtime on a store in memory, impatient enough that a stall costs little. */
export interface UpstreamHouse extends AsyncDisposable {
  /** Resolves with what the run came to when it has ended, and with what it is so far when it has not in time. */
  run(prompt: string, model: string, deadlineMs: number): Promise<RunFold>;
  readonly defects: readonly string[];
}

/** Milliseconds. */
export const RUN_MS = 15_000;

export async function openUpstreamHouse(providerUrl: string, prefix: boolean): Promise<UpstreamHouse> {
  const store = createMemoryStore();
  const clock = systemClock;
  const broker = createBroker({
    providers: {
      http: {
        kind: 'openai',
        baseUrl: `${providerUrl}/v1`,
        prefix: prefix ? 'assistant' : 'none',
        timeouts: { firstChunkMs: 500, betweenChunksMs: 500, totalMs: 8_000 },
        retries: { max: 3, baseMs: 20, capMs: 100 },
      },
    },
    models: {},
    defaultProvider: 'http',
    clock,
    random: seededRandom(1),
  });
  const defects: string[] = [];
  const runtime = await startRuntime({
    store,
    broker,
    agents: [{ name: 'default' }],
    defaultModel: 'text',
    clock,
    random: seededRandom(2),
    limits: { ...RUN_LIMITS, attempts: 8, noProgressAttempts: 4, runMs: RUN_MS },
    textDurability: 'process',
    tokenIntervalMs: 5,
    owner: 'upstream',
    onDefect: (key, error) => defects.push(`${key}: ${String(error)}`),
  });
  const foldOf = async (key: RunKey): Promise<RunFold> => {
    let fold = emptyFold();
    for (let after = 0; ; ) {
      const { chunk, snapshot } = await store.runs.read(key, after, 1 << 20);
      if (snapshot) fold = JSON.parse(snapshot.fold) as RunFold;
      else if (!chunk) return fold;
      const wires = chunk ? (JSON.parse(`[${chunk.body}]`) as WireRecord[]) : [];
      for (const [at, wire] of wires.entries()) applyRecord(fold, decodeRecord(wire, (chunk?.first ?? 0) + at));
      after = snapshot?.seq ?? after + wires.length;
    }
  };
  return {
    defects,
    async run(prompt, model, deadlineMs) {
      const key = runKey('t', prompt.replaceAll(' ', '-'));
      const request = { agent: 'default', input: prompt, model, at: 0, fingerprint: prompt };
      await store.runs.create(key, encodeRecord('run.created', 0, 0, request), prompt);
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          stop();
          late();
          resolve();
        };
        const look = async (): Promise<void> => {
          if ((await store.runs.read(key, 0, 1)).head.done) finish();
        };
        const stop = store.runs.follow(key, () => void look());
        const late = clock.after(deadlineMs, finish);
        void look();
      });
      return foldOf(key);
    },
    async [Symbol.asyncDispose]() {
      await runtime.drain(0);
      await broker.close();
      await store.close();
    },
  };
}
