import type { AgentCard, CodedAgent, Down, ToolCard } from '@openclaw-runtime/agent';
import type { SpawnThread, ThreadListener, ThreadOrder } from '../src/pool/thread.ts';

/** A thread that does what the test says. */
export interface FakeThread {
  readonly order: ThreadOrder;
  readonly listener: ThreadListener;
  /** What it was told and has not been taken from here. */
  readonly told: Down[];
  /** Ids of the calls that it was given and has not answered. */
  readonly calls: number[];
  state: { beats: number; current: number; last: number; outsideMiB: number; ends: boolean; ending: boolean };
  done(id: number, value?: string): void;
}

/** Threads that load at once, end at once when `ends`, and answer nothing by themselves. */
export function fakeThreads(): { readonly spawn: SpawnThread; readonly threads: FakeThread[]; beat(): void } {
  const threads: FakeThread[] = [];
  const spawn: SpawnThread = (order, listener) => {
    const thread: FakeThread = {
      order,
      listener,
      told: [],
      calls: [],
      state: { beats: 1, current: 0, last: 0, outsideMiB: 0, ends: true, ending: false },
      done(id, value) {
        thread.calls.splice(thread.calls.indexOf(id), 1);
        listener.heard([value === undefined ? { t: 'done', id } : { t: 'done', id, value }]);
      },
    };
    threads.push(thread);
    return {
      post(messages) {
        for (const message of messages) {
          thread.told.push(message);
          if (message.t === 'call') thread.calls.push(message.id);
          if (message.t === 'load') listener.heard([{ t: 'loaded', agent: message.agent, card: card() }]);
        }
      },
      beats: () => thread.state.beats,
      outsideMiB: () => thread.state.outsideMiB,
      current: () => thread.state.current,
      last: () => thread.state.last,
      taken: () => 0,
      giveUp: () => undefined,
      end() {
        thread.state.ending = true;
        if (thread.state.ends) queueMicrotask(() => listener.ended({ how: 'exit', message: 'it was told to' }));
      },
    };
  };
  const beat = (): void => {
    for (const { state } of threads) state.beats++;
  };
  return { spawn, threads, beat };
}

export function card(more: Partial<AgentCard> = {}): AgentCard {
  return { version: 1, tools: [toolCard], operations: [{ name: 'work' }], uses: [], dedicated: false, snapshotIntervalMs: 0, ...more };
}

export function fakeAgent(name: string, more: Partial<AgentCard> = {}): CodedAgent {
  return { name, module: `file:///agents/${name}.js`, card: card(more) };
}

const toolCard: ToolCard = {
  name: 'tool',
  parameters: { type: 'object' },
  sideEffects: true,
  onInterrupted: 'fail',
  timeoutMs: 60_000,
  needsApproval: false,
  secrets: [],
};
