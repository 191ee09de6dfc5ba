import { setImmediate as turn } from 'node:timers/promises';
import { chain, encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import type { ClientOptions } from '../src/index.ts';

/** The server's end of one connection. */
export interface FakeSocket {
  readonly url: string;
  readonly isClosed: boolean;
  /** Runs that were begun over it and have no answer yet. */
  readonly starts: number[];
  drop(): void;
}

export interface FakeSockets {
  readonly WebSocket: NonNullable<ClientOptions['WebSocket']>;
  /** In the order in which they were opened. */
  readonly opened: readonly FakeSocket[];
  /** Answers the first run that waits at a connection. */
  answer(socket: FakeSocket, text: string): Promise<void>;
}

type Listener = (event: { readonly type: string; readonly data?: string; readonly code?: number }) => void;

const RUN = 'AAAAAAAAAAAAAAAAAAAAAA';
const LIMITS = { maxFrameBytes: 1_048_576, maxChannels: 10, heartbeatMs: 15_000 };

/** Connections that greet, save those to addresses that are `refused`. */
export function createFakeSockets(...refused: readonly string[]): FakeSockets {
  const opened: (FakeSocket & { say(frame: object): void })[] = [];

  class Socket implements FakeSocket {
    readonly url: string;
    readonly starts: number[] = [];
    isClosed = false;
    readonly #listeners = new Map<string, Listener>();

    constructor(url: string) {
      this.url = url.replace(/\/$/, '');
      opened.push(this);
      queueMicrotask(() => (refused.includes(this.url) ? this.drop() : this.#tell('open')));
    }

    addEventListener(type: string, listener: Listener): void {
      this.#listeners.set(type, listener);
    }

    send(data: string): void {
      const frame = JSON.parse(data) as { readonly t: string; readonly ch?: number };
      if (frame.t === 'hello') this.say({ t: 'welcome', v: 1, server: 'fake', limits: LIMITS });
      if (frame.t === 'start') this.starts.push(frame.ch ?? 0);
    }

    say(frame: object): void {
      queueMicrotask(() => this.#tell('message', { data: JSON.stringify(frame) }));
    }

    drop(): void {
      this.isClosed = true;
      this.#tell('close', { code: 1006 });
    }

    close(): void {
      this.isClosed = true;
    }

    #tell(type: string, event: object = {}): void {
      this.#listeners.get(type)?.({ type, ...event });
    }
  }

  return {
    WebSocket: Socket,
    opened,
    async answer(socket, text) {
      while (socket.starts.length === 0) await turn();
      const ch = socket.starts.shift() ?? 0;
      const records = [
        encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', at: 1, fingerprint: 'f' }),
        encodeRecord('step.started', 1, 1, { model: 'sim' }),
        encodeRecord('text', 1, 1, text),
        encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }),
        encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE }),
      ];
      const frame = [ch, 1, records.map((record): unknown => JSON.parse(record)), records.reduce(chain, 0)];
      const own = opened.find((each) => each === socket);
      own?.say({ t: 'started', ch, run: RUN, epoch: 1, head: 0 });
      own?.say({ t: 'ev', b: [frame] });
    },
  };
}
