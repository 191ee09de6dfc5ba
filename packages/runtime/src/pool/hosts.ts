import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { HostLink, HostUp, Pulse, StartHost } from './host-port.ts';
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
  /** Agents' code there was given something to do after its last pulse, which so knows nothing of it. */
  isStirred: boolean;
}

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
        ended() {
          hosts.delete(host);
          host.drains?.();
          const running = [...host.threads.values()].filter(({ pulse, isStirred }) => isStirred || pulse.current > 0);
          for (const thread of host.threads.values()) thread.listener.ended(endOf(thread, running));
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
      const thread: HostedThread = { listener, pulse: { n, beats: 0, current: 0, outsideMiB: 0 }, isStirred: false };
      host.threads.set(n, thread);
      host.link.send({ t: 'spawn', n, order });
      return {
        post(messages) {
          if (messages.some(({ t }) => t === 'call' || t === 'answer')) thread.isStirred = true;
          host.link.send({ t: 'post', n, messages });
        },
        beats: () => thread.pulse.beats,
        current: () => thread.pulse.current,
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
      return threads.get(message.n)?.listener.heard(messages);
    }
    case 'ended': {
      const thread = threads.get(message.n);
      threads.delete(message.n);
      return thread?.listener.ended(message.end);
    }
    case 'pulse':
      for (const pulse of message.threads) {
        const thread = threads.get(pulse.n);
        if (thread) Object.assign(thread, { pulse, isStirred: false });
      }
  }
}

/** Whoever ran alone when the process ended is to blame for it. */
function endOf(thread: HostedThread, running: readonly HostedThread[]): ThreadEnd {
  const alone = running.length === 1 && running[0] === thread;
  return { how: alone ? 'error' : 'host', message: 'its host process ended' };
}
