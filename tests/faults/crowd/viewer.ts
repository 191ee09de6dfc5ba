import { chain, type DownFrame, decodeRecord, PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { WebSocket } from 'ws';

/** A viewer of one run, cheap enough for thousands in a process. It resumes from its cursor, at first at once and then at growing random intervals. */
export interface Viewer {
  readonly run: string;
  text(): string;
  /** Resolves when the server has answered its present connection, or the run has ended. */
  attached(): Promise<void>;
  /** Resets the connection. */
  drop(): void;
  /** Resolves at the end of the run. */
  readonly done: Promise<void>;
  /** Holes, duplicates, other chains, resets. */
  readonly faults: readonly string[];
  readonly connects: () => number;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

export function openViewer(url: string, run: string): Viewer {
  const texts: string[] = [];
  const faults: string[] = [];
  const done = Promise.withResolvers<void>();
  let attached = Promise.withResolvers<void>();
  let socket: WebSocket | undefined;
  let [epoch, seq, h, connects, failures] = [0, 0, 0, 0, 0];
  let isDone = false;

  const take = (frame: DownFrame): void => {
    if (frame.t === 'welcome') {
      const cursor = epoch === 0 ? {} : { epoch, after: seq, h };
      socket?.send(JSON.stringify({ t: 'attach', ch: 1, run, ...cursor }));
    } else if (frame.t === 'attached') {
      failures = 0;
      if (frame.mode !== 'replay' || frame.from !== seq) faults.push(`attached after ${seq} as ${frame.mode} from ${frame.from}`);
      epoch = frame.epoch;
      attached.resolve();
    } else if (frame.t === 'err') {
      if (frame.ch !== undefined) faults.push(`${frame.code}: ${frame.message}`);
    } else if (frame.t === 'ev') for (const [, first, records, mark] of frame.b) record(first, records, mark);
  };
  const record = (first: number, records: readonly Parameters<typeof decodeRecord>[0][], mark: number): void => {
    if (first !== seq + 1) faults.push(`record ${first} came after ${seq}`);
    for (const wire of records) {
      h = chain(h, JSON.stringify(wire));
      const { kind, data } = decodeRecord(wire, ++seq);
      if (kind === 'text') texts.push(data);
      if (kind === 'run.finished') isDone = true;
    }
    if (h !== mark) faults.push(`the chain differs at ${seq}`);
    if (!isDone) return;
    done.resolve();
    attached.resolve();
    socket?.close();
  };
  const dial = (): void => {
    if (isDone) return;
    connects++;
    const fresh = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false });
    socket = fresh;
    fresh.on('open', () => fresh.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'crowd' })));
    fresh.on('message', (data: Buffer) => take(JSON.parse(data.toString()) as DownFrame));
    fresh.on('error', () => undefined);
    fresh.on('close', () => {
      if (socket !== fresh || isDone) return;
      const ceiling = failures++ === 0 ? 0 : Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      setTimeout(dial, Math.random() * ceiling);
    });
  };
  dial();
  return {
    run,
    text: () => texts.join(''),
    attached: () => attached.promise,
    drop() {
      if (isDone) return;
      attached = Promise.withResolvers<void>();
      socket?.terminate();
    },
    done: done.promise,
    faults,
    connects: () => connects,
  };
}
