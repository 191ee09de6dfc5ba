import type { OpenClawClient, Run, RunItem, RunResult, SavedRun } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Held } from '../house/embedded.ts';

export interface Following {
  readonly house: Held;
  readonly streaming: boolean;
  /** Milliseconds until the run is cancelled. */
  readonly timeoutMs: number | undefined;
  /** Each record of the run, once. */
  see(item: RunItem, run: string): void;
  /** What is thrown when the time is over. */
  late(run: string | undefined): OpenClawError;
}

export interface Followed extends RunResult {
  readonly run: string;
}

/** Servers in a row that went away before they told anything new. */
const MAX_LOSSES = 10;
/** How long a cancelled run may take to end before it is left alone. */
const GRACE_MS = 5_000;

/** Begins a run and follows it to its end, over the loss of its server: the one that takes its place goes on with it. */
export async function follow(begin: (client: OpenClawClient) => Run, options: Following): Promise<Followed> {
  const { house, streaming, timeoutMs, see } = options;
  const { clock } = (await house.reach()).ports;
  let saved: SavedRun | undefined;
  let current: Run | undefined;
  let late: OpenClawError | undefined;
  let cancelGrace: () => void = () => undefined;

  const giveUp = (): void => {
    late = options.late(current?.id);
    cancelGrace = clock.after(GRACE_MS, () => current?.detach());
    current?.cancel().catch(() => undefined);
  };
  const cancelTimer = timeoutMs === undefined ? () => undefined : clock.after(timeoutMs, giveUp);

  try {
    for (let losses = 0; ; ) {
      const server = await house.reach();
      let run: Run | undefined;
      try {
        const client = await server.client(streaming);
        run = saved ? client.attach(saved) : begin(client);
        current = run;
        if (late) run.cancel().catch(() => undefined);
        const paused = leaveWhenPaused(run);
        for await (const item of run) {
          losses = 0;
          see(item, await run.started);
        }
        const result = paused() ?? (await run.result());
        if (late && result.status !== 'completed') throw late;
        return { ...result, run: await run.started };
      } catch (error) {
        if (late) throw late;
        saved = run?.save() ?? saved;
        if (!isLoss(error) || ++losses > MAX_LOSSES) throw error;
        // A drop of the connection alone is the client's business: here it has given up.
        house.lost(server);
      }
    }
  } finally {
    cancelTimer();
    cancelGrace();
  }
}

/** A run that waits for a budget is left to wait: what it came to so far is its result for now. */
function leaveWhenPaused(run: Run): () => RunResult | undefined {
  let paused: RunResult | undefined;
  run
    .result()
    .then((result) => {
      if (result.status !== 'budget_exhausted') return;
      paused = result;
      run.detach();
    })
    .catch(() => undefined);
  return () => paused;
}

function isLoss(error: unknown): boolean {
  return error instanceof OpenClawError && (error.code === 'STREAM_DISCONNECTED' || error.code === 'RECONNECT_FAILED');
}
