import type { CodedAgent } from '@openclaw-runtime/agent';
import { createFairQueue, type FairQueue } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { folderOf, type Need } from './choose.ts';
import { createCrew } from './crew.ts';
import type { Hand } from './hand.ts';
import { resolvePoolOptions, type ThreadPoolOptions } from './options.ts';
import type { AgentThreads } from './threads.ts';
import { type Held, Work } from './work.ts';

/** Somebody who needs a thread. */
interface Waiting {
  readonly need: Need;
  readonly tenant: string;
  go(hand: Hand): void;
  fail(error: unknown): void;
}

/** Milliseconds after which one may try again when too many wait. */
const RETRY_MS = 1_000;

/** Nobody has it yet. */
const UNHELD: Held = { abort: (work) => work.reject(work.signal.reason), done: () => undefined };

/** Threads are started when they are first needed. */
export function createThreadPool(options: ThreadPoolOptions): AgentThreads {
  const resolved = resolvePoolOptions(options);
  const { clock, heapMiB, maxQueued, timeouts } = resolved;
  const lost: Record<string, number> = {};
  const needs = new WeakMap<CodedAgent, Need>();
  /** Those that need a thread of their own, or one of another make, do not hold up the rest. */
  const queues = { sharing: createFairQueue<Waiting>(), alone: createFairQueue<Waiting>() };
  let calls = 0;
  let closed = false;
  let cancelLook: (() => void) | undefined;
  let pumping: 'no' | 'yes' | 'again' = 'no';
  let used = false;

  const crew = createCrew(resolved, {
    freed() {
      if (queues.sharing.size + queues.alone.size > 0) pump();
    },
    changed: () => pump(),
    lost(loss) {
      lost[loss.code] = (lost[loss.code] ?? 0) + 1;
      resolved.onLost(loss);
    },
    stuck: (loss) => resolved.onStuck(loss),
  });

  const pump = (): void => {
    if (closed) return;
    if (pumping !== 'no') {
      pumping = 'again';
      return;
    }
    do {
      pumping = 'yes';
      seat(queues.sharing);
      seat(queues.alone);
    } while (String(pumping) === 'again');
    pumping = 'no';
    if (used) crew.keepSpare();
    watch();
  };

  const seat = (queue: FairQueue<Waiting>): void => {
    for (let next = queue.first; next; next = queue.first) {
      const hand = crew.place(next.need);
      if (!hand) return;
      queue.shift();
      next.go(hand);
    }
  };

  const watch = (): void => {
    if (cancelLook) return;
    const [any] = crew;
    if (!any) return;
    const dueMs = clock.now() + timeouts.lookMs;
    cancelLook = clock.after(timeouts.lookMs, () => {
      cancelLook = undefined;
      crew.look(clock.now() - dueMs);
      if (used && !closed) crew.keepSpare();
      watch();
    });
  };

  const checkOpen = (): void => {
    if (closed) throw shut();
    if (queues.sharing.size + queues.alone.size >= maxQueued) throw full(maxQueued);
  };

  const queueOf = (need: Need): FairQueue<Waiting> => (need.dedicated || need.heapMiB !== heapMiB ? queues.alone : queues.sharing);

  const wait = (waiting: Waiting): (() => void) => queueOf(waiting.need).push(waiting.tenant, waiting);

  const queueUp = (work: Work, need: Need): void => {
    const placed = work.call.queued?.();
    const go = (free: Hand): void => {
      placed?.();
      free.take(work);
    };
    const leave = wait({ need, tenant: work.call.tenant, go, fail: (error) => work.reject(error) });
    const done = (): void => {
      placed?.();
      leave();
    };
    work.held = { abort: UNHELD.abort, done };
  };

  const needOf = (agent: CodedAgent): Need => {
    const known = needs.get(agent);
    if (known) return known;
    const { name, module, card } = agent;
    const folder = folderOf(module);
    const need = { agent: name, module, folder, dedicated: card.dedicated, heapMiB: Math.max(heapMiB, card.maxHeapMiB ?? 0) };
    needs.set(agent, need);
    return need;
  };

  return {
    async describe(agent, module) {
      checkOpen();
      const hand = await new Promise<Hand>((go, fail) => {
        wait({ need: { agent, module, folder: folderOf(module), dedicated: false, heapMiB }, tenant: '', go, fail });
        pump();
      });
      return hand.load(agent, module);
    },
    call(call, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) throw signal.reason;
        checkOpen();
        const work = new Work(++calls, call, signal, UNHELD, { resolve, reject });
        used = true;
        const need = needOf(call.agent);
        // Nobody is overtaken where nobody waits.
        const hand = pumping === 'no' && queueOf(need).size === 0 ? crew.place(need) : undefined;
        if (!hand) queueUp(work, need);
        else hand.take(work);
        // What is free may have been the spare.
        if (!hand || hand.calls.size === 1) pump();
      });
    },
    get status() {
      const hands = [...crew];
      return {
        threads: hands.length,
        active: hands.filter(({ calls: { size } }) => size > 0).length,
        calls: hands.reduce((sum, { calls: { size } }) => sum + size, 0),
        queued: queues.sharing.size + queues.alone.size,
        lost: { ...lost },
      };
    },
    async close() {
      closed = true;
      cancelLook?.();
      for (const queue of [queues.sharing, queues.alone]) {
        for (let next = queue.shift(); next; next = queue.shift()) next.fail(shut());
      }
      await crew.close();
    },
  };
}

function shut(): OpenClawError {
  return new OpenClawError('SHUTTING_DOWN', 'The threads for agents are closed. Call again when the server is there again.');
}

function full(queued: number): OpenClawError {
  const message = `All threads for agents are busy, and ${queued} calls wait already. Try again later, or raise threads.max.`;
  return new OpenClawError('RATE_LIMITED', message, { retryAfterMs: RETRY_MS });
}
