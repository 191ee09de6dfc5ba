// The entry of a thread that runs agents' code.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@openclaw-runtime/kit';
import type { Down, Up } from '../port.ts';
import { BEATS, TAKEN, type ThreadData } from '../thread-data.ts';
import { fenceSqlite } from './fence-sqlite.ts';
import { openScope } from './scope.ts';
import { createThreadSide, type ThreadSide } from './thread-side.ts';

const BEAT_MS = 100;
/** The thread's own, whatever agents' code puts in its place. */
const soon = setImmediate;

serve(taken(workerData as ThreadData));

/** What agents' code would find in `workerData` otherwise: the pool's port, and the cells by which it is judged. */
function taken(data: ThreadData): ThreadData {
  const mine = { ...data };
  for (const key of Object.keys(data)) Reflect.deleteProperty(data, key);
  return mine;
}

function serve({ beats, port = parentPort ?? undefined }: ThreadData): void {
  if (port === undefined) throw new Error('agents run in a thread of a pool');
  const cells = new Int32Array(beats);
  const side = createThreadSide({
    post: (ups) => port.postMessage(textOf(ups)),
    defer: soon,
    importModule: (url) => import(url),
    clock: systemClock,
    scope: openScope(cells),
  });
  beat(cells);
  fence(side);
  fenceSqlite();
  port.on('message', (text: string) => {
    const downs = JSON.parse(text) as readonly Down[];
    side.take(downs);
    soon(() => Atomics.add(cells, TAKEN, downs.length));
  });
}

/** Text costs less on its way than objects do. What an agent gives that is no JSON goes as it is. */
function textOf(ups: readonly Up[]): unknown {
  try {
    return JSON.stringify(ups);
  } catch {
    return ups;
  }
}

function beat(cells: Int32Array): void {
  Atomics.add(cells, BEATS, 1);
  systemClock.after(BEAT_MS, () => beat(cells));
}

/** What agents' code does to the process it does to its thread, and its call is named. */
function fence(side: ThreadSide): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    side.exiting(code);
    return exit(code);
  };
  process.kill = () => {
    throw new Error('Access to other processes, and to this one, is restricted: agents send no signals');
  };
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk: unknown, ...rest: readonly unknown[]) => {
      side.print(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString());
      const then = rest.findLast((one) => typeof one === 'function') as (() => void) | undefined;
      if (then !== undefined) process.nextTick(then);
      return true;
    };
  }
  process.on('uncaughtException', (error) => {
    if (side.crashed(error, 'exception')) exit(1);
  });
  process.on('unhandledRejection', (reason) => {
    if (side.crashed(reason, 'rejection')) exit(1);
  });
}
