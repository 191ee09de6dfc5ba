import type { AgentCard, Down, Up } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Calls, createCalls } from './calls.ts';
import { badModule, createLoads, type Load, type Loads } from './loads.ts';
import type { Loss, ResolvedPoolOptions } from './options.ts';
import { createOutbox } from './outbox.ts';
import type { Thread, ThreadEnd, ThreadOrder } from './thread.ts';
import { confession, crashed, hung, neighbourLost } from './verdict.ts';
import type { Work } from './work.ts';

/** One thread with what runs there. */
export interface Hand {
  readonly order: ThreadOrder;
  readonly phase: Phase['kind'];
  /** The dedicated agent that it serves alone. */
  owner: string | undefined;
  readonly calls: Pick<Calls, 'size' | 'busy' | 'allRest'>;
  /** Since when it has had no call, by the clock. */
  readonly idleSinceMs: number;
  readonly modules: Pick<Loads, 'get'>;
  load(agent: string, module: string): Promise<AgentCard>;
  /** Carries the call to its end, or to the thread's. */
  take(work: Work): void;
  /** One look of the watchdog, which counts for `weight`. */
  look(weight: number): void;
  /** It is not needed any more; what runs there is lost. */
  end(): void;
}

export interface HandOwner {
  /** There may be a place now that was not there before. */
  freed(): void;
  /** It cannot be used any more, and goes on. */
  changed(): void;
  lost(loss: Loss): void;
  stuck(loss: Loss): void;
  ended(): void;
}

/** `stuck`: it was asked to end and did not. */
type Phase =
  | { readonly kind: 'working' }
  | { readonly kind: 'ending'; readonly blame: Blame; cancel(): void }
  | { readonly kind: 'stuck' }
  | { readonly kind: 'ended' };

/** Whom and what a thread was lost by; no error: it was not needed any more. */
interface Blame {
  readonly work?: Work | undefined;
  readonly load?: Load | undefined;
  readonly error?: unknown;
}

/** Ups that a thread may say between two looks. */
const MAX_HEARD = 50_000;
/** Looks without a beat after which a call is aborted, and its thread ended. Counted in looks, since a process that was stopped has not looked either. */
const SOFT_LOOKS = 2;
const HARD_LOOKS = 3;

export function openHand(order: ThreadOrder, { spawn, clock, timeouts, outsideMiB }: ResolvedPoolOptions, owner: HandOwner): Hand {
  let phase: Phase = { kind: 'working' };
  let idleSinceMs = clock.now();
  const watch = { beats: 0, atMs: clock.now(), silent: 0, heard: 0 };
  /** A call that said itself that it took the thread down. */
  let confessed: Blame | undefined;

  const post = createOutbox<Down>((messages) => {
    if (phase.kind === 'working') thread.post(messages);
  });
  const loads = createLoads(post, clock, timeouts.loadMs);
  const calls = createCalls({
    clock,
    graceMs: timeouts.graceMs,
    post,
    freed() {
      if (calls.size === 0) idleSinceMs = clock.now();
      owner.freed();
    },
    overdue: (work, error) => end({ work, error }),
  });

  /** Who holds the thread, as far as it says. One that is alone is blamed for all that nobody owns up to, lest it start again for ever. */
  const culprit = (): Blame => {
    const current = thread.current();
    if (current > 0) return { work: calls.byId.get(current) };
    if (loads.pending) return { load: loads.pending };
    const [only, ...others] = calls.byId.values();
    return others.length > 0 ? {} : { work: only };
  };

  /** Asks the thread to end. Those that run there hear of it when it has, so that nothing of theirs goes on while they start again. */
  const end = (blame: Blame): void => {
    if (phase.kind !== 'working') return;
    const loss = lossOf(blame);
    const cancel = clock.after(timeouts.endMs, () => {
      phase = { kind: 'stuck' };
      owner.stuck(loss);
      thread.giveUp();
      clear(blame);
      owner.changed();
    });
    phase = { kind: 'ending', blame, cancel };
    if (blame.error !== undefined) owner.lost(loss);
    thread.end();
  };

  const endFor = (how: ThreadEnd): void => {
    const { work } = culprit();
    end({ work, error: crashed(how, work) });
  };

  const hasEnded = (how: ThreadEnd): void => {
    let blame: Blame = {};
    if (phase.kind === 'ending') {
      phase.cancel();
      blame = phase.blame;
    } else if (phase.kind === 'working') {
      const { work, load } = how.how === 'host' ? {} : culprit();
      blame = confessed ?? { work, load, error: crashed(how, work) };
      owner.lost(lossOf(blame));
    }
    phase = { kind: 'ended' };
    clear(blame);
    owner.ended();
  };

  const clear = ({ work, load, error }: Blame): void => {
    const lost = neighbourLost(order.name);
    const broken = load && error !== undefined ? loadCrashed(load, error) : undefined;
    /** Those that wait for that module would only end the next thread with it. */
    const waits = (one: Work): boolean => one.call.agent.name === load?.agent;
    calls.settleAll((one) => (one === work ? error : (one.stop?.error ?? (broken && waits(one) ? broken : lost))));
    loads.failAll((one) => (one === load ? (broken ?? lost) : lost));
  };

  const lossOf = ({ work, error }: Blame): Loss => {
    const { code, message } = OpenClawError.from(error, 'CANCELLED');
    const who = work && { agent: work.call.agent.name, run: work.call.job.run.run };
    return { thread: order.name, code, message, ...who, neighbours: calls.size - (work && calls.byId.has(work.id) ? 1 : 0) };
  };

  const hear = (message: Up): void => {
    if (message.t === 'loaded') return loads.loaded(message.agent, message.card);
    if (message.t === 'unloadable') return loads.fail(message.agent, OpenClawError.fromBody(message.error));
    if (message.t !== 'failed' || message.error.code !== 'AGENT_CRASHED') return calls.hear(message);
    const work = calls.byId.get(message.id);
    const error = confession(message.error, work);
    confessed = { work, error };
    calls.hear({ ...message, error: error.toBody() });
  };

  const thread: Thread = spawn(order, {
    heard(messages) {
      watch.heard += messages.length;
      for (const message of messages) hear(message);
      if (watch.heard <= MAX_HEARD) return;
      endFor({ how: 'flood', message: 'it said more than the pool can hear' });
    },
    ended: hasEnded,
  });

  return {
    order,
    get phase() {
      return phase.kind;
    },
    owner: undefined,
    calls,
    get idleSinceMs() {
      return idleSinceMs;
    },
    modules: loads,
    load: (agent, module) => loads.load(agent, module),
    take(work) {
      calls.seat(work);
      const { name, module } = work.call.agent;
      if (loads.get(name)?.done) return calls.begin(work);
      loads.load(name, module).then(
        () => calls.begin(work),
        (error: unknown) => work.reject(error),
      );
    },
    look(weight) {
      watch.heard = 0;
      if (phase.kind !== 'working') return;
      // Between two allocations the thread may be at rest: whoever ran last is asked for it.
      if (thread.outsideMiB() > outsideMiB) {
        const work = culprit().work ?? calls.byId.get(thread.last());
        return end({ work, error: crashed({ how: 'memory', message: 'it holds too much in array buffers' }, work) });
      }
      const beats = thread.beats();
      if (beats !== watch.beats) {
        Object.assign(watch, { beats, atMs: clock.now(), silent: 0 });
        return;
      }
      watch.silent += weight;
      if (watch.silent < SOFT_LOOKS) return;
      const silentMs = clock.now() - watch.atMs;
      // Code of no call holds a thread while a module is imported; else it is the machine that does not let it run.
      if ((thread.current() <= 0 || beats === 0) && silentMs < timeouts.loadMs) return;
      const { work, load } = culprit();
      const error = hung(work, silentMs);
      if (watch.silent >= HARD_LOOKS) end({ work, load, error });
      else if (work) calls.stop(work, { error, late: true });
    },
    end: () => end({}),
  };
}

function loadCrashed({ module }: Load, error: unknown): OpenClawError {
  return badModule(module, `took its thread down while it was imported: ${OpenClawError.from(error).message}`);
}
