import { LOADING } from '@openclaw-runtime/agent';
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { HostEnd, HostLink, HostUp, Pulse, StartHost } from './host-port.ts';
import type { SpawnThread, ThreadEnd, ThreadListener } from './thread.ts';
import { upsOf } from './ups.ts';

/** Threads in processes of their own: what takes down its process takes down no more than that. */
export interface Hosts {
  readonly spawn: SpawnThread;
  /** Processes, the spare one too. */
  readonly size: number;
  /** Resolves when all processes are gone. */
  close(): Promise<void>;
}

export interface HostsOptions {
  /** Processes that threads are shared out to. */
  readonly count: number;
  readonly start: StartHost;
  readonly clock: Clock;
  /** Milliseconds from a thread that does not end to the end of its process, for the others to end their calls. Default 5,000. */
  readonly drainMs?: number;
}

interface Host {
  readonly link: HostLink;
  readonly threads: Map<number, HostedThread>;
  /** Once it gets no new threads any more: calls its end off. */
  drains: (() => void) | undefined;
}

interface HostedThread {
  readonly listener: ThreadListener;
  pulse: Pulse;
  /** Pulses in a row that found it where the one before them did. */
  still: number;
  /** Messages that were sent to it; and how many these were with the last one that gave agents' code something to do. */
  told: number;
  stirred: number;
  /** Ids of the calls that are at work there. */
  readonly calls: Set<number>;
}

/** Pulse and beat come equally often: two of the same kind may fall between two of the other. */
const HELD_PULSES = 2;

export function createHosts({ count, start, clock, drainMs = 5_000 }: HostsOptions): Hosts {
  const hosts = new Set<Host>();
  let threads = 0;
  let closed: (() => void) | undefined;

  const open = (): Host => {
    const host: Host = {
      threads: new Map(),
      drains: undefined,
      link: start({
        received: (message) => receive(host, message),
        ended(how) {
          hosts.delete(host);
          host.drains?.();
          const threads = [...host.threads.values()];
          const culprit = how.how === 'memory' ? onlyCaller(threads) : onlyRunner(threads);
          for (const thread of threads) thread.listener.ended(endOf(how, thread === culprit));
          host.threads.clear();
          if (hosts.size === 0) closed?.();
        },
      }),
    };
    hosts.add(host);
    return host;
  };

  /** The one with the fewest threads, of `count`; one more is kept, which is there at once when another ends. */
  const pick = (): Host => {
    const takers = (): Host[] => [...hosts].filter(({ drains }) => !drains);
    while (takers().length <= count) open();
    const used = takers().toSorted((a, b) => b.threads.size - a.threads.size);
    return used.slice(0, count).at(-1) ?? open();
  };

  const drain = (host: Host): void => {
    if (host.drains) return;
    host.drains = clock.after(drainMs, () => host.link.kill());
  };

  return {
    get size() {
      return hosts.size;
    },
    spawn(order, listener) {
      const host = pick();
      const n = ++threads;
      const thread: HostedThread = {
        listener,
        pulse: { n, beats: 0, current: 0, last: 0, taken: 0, outsideMiB: 0 },
        still: 0,
        told: 0,
        stirred: 0,
        calls: new Set(),
      };
      host.threads.set(n, thread);
      host.link.send({ t: 'spawn', n, order });
      return {
        post(messages) {
          for (const message of messages) {
            thread.told++;
            if (message.t === 'call') thread.calls.add(message.id);
            if (message.t === 'call' || message.t === 'answer') thread.stirred = thread.told;
          }
          host.link.send({ t: 'post', n, messages });
        },
        beats: () => thread.pulse.beats,
        current: () => currentOf(thread),
        last: () => thread.pulse.last,
        taken: () => thread.pulse.taken,
        outsideMiB: () => thread.pulse.outsideMiB,
        end: () => host.link.send({ t: 'end', n }),
        giveUp: () => drain(host),
      };
    },
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      closed = resolve;
      for (const { link } of hosts) link.kill();
      if (hosts.size > 0) await promise;
    },
  };
}

function receive({ threads }: Host, message: HostUp): void {
  switch (message.t) {
    case 'heard': {
      const messages = upsOf(message.messages);
      if (!messages) throw new OpenClawError('BAD_FRAME', 'A host says what no thread says.');
      const thread = threads.get(message.n);
      for (const said of messages) if (said.t === 'done' || said.t === 'failed') thread?.calls.delete(said.id);
      return thread?.listener.heard(messages);
    }
    case 'ended': {
      const thread = threads.get(message.n);
      threads.delete(message.n);
      return thread?.listener.ended(message.end);
    }
    case 'pulse':
      for (const pulse of message.threads) {
        const thread = threads.get(pulse.n);
        if (!thread) continue;
        thread.still = pulse.beats === thread.pulse.beats && pulse.current === thread.pulse.current ? thread.still + 1 : 0;
        thread.pulse = pulse;
      }
  }
}

/** The one thread in which code ran, as far as the last pulse tells: what it was told later may run as well. */
function onlyRunner(threads: readonly HostedThread[]): HostedThread | undefined {
  const [only, ...others] = threads.filter((thread) => isBehind(thread) || thread.pulse.current > 0);
  return others.length > 0 ? undefined : only;
}

/** It may have begun something that its last pulse does not know of: not while a module holds it. */
function isBehind(thread: HostedThread): boolean {
  const { pulse, stirred } = thread;
  return ((stirred - pulse.taken) | 0) > 0 && !(pulse.current === LOADING && isHeld(thread));
}

function isHeld({ still }: HostedThread): boolean {
  return still >= HELD_PULSES;
}

/** A pulse that is behind may name a call that has ended since: whose code runs now is not known then, unless it holds the thread. */
function currentOf(thread: HostedThread): number {
  const { current } = thread.pulse;
  const isStale = current > 0 && !thread.calls.has(current) && isBehind(thread) && !isHeld(thread);
  return isStale ? 0 : current;
}

/** The one thread with a call, if it has just one: memory may be anybody's who is there, whoever ran last. */
function onlyCaller(threads: readonly HostedThread[]): HostedThread | undefined {
  const [only, ...others] = threads.filter(({ calls }) => calls.size > 0);
  return others.length > 0 || (only && only.calls.size > 1) ? undefined : only;
}

/** Whoever was alone when the process ended is to blame for it. */
function endOf({ how, message }: HostEnd, isCulprit: boolean): ThreadEnd {
  if (!isCulprit) return { how: 'host', message };
  return { how: how === 'memory' ? 'memory' : 'error', message };
}
