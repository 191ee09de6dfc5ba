// The one file that starts worker threads: the real kind of `Thread`.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { BEAT_CELLS, BEATS, CURRENT, type Down, LAST, TAKEN, type ThreadData } from '@openclaw-runtime/agent';
import type { SpawnThread, Thread, ThreadEnd, ThreadListener, ThreadOrder } from './thread.ts';
import { upsOf } from './ups.ts';

export interface WorkerOptions {
  /** Paths of more files and folders that agents' code may read; those of its module and of its packages it may in any case. */
  readonly readable?: readonly string[];
  /** Paths of files and folders that agents' code may write to; default: none. */
  readonly writable?: readonly string[];
  /** Default true. */
  readonly network?: boolean;
}

/**
 * Threads of this process. They see no environment, and Node's permissions keep them from files, processes and threads that are not theirs: a fence against
 * mistakes, not a wall against malice. Memory outside the heap is not limited, open file descriptors of the process are not closed to them.
 */
export function createWorkers({ readable = [], writable = [], network = true }: WorkerOptions = {}): SpawnThread {
  const entry = new URL(import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js', import.meta.url);
  const own = [...packagesOf(entry), ...readable.map(withChildren)];
  return (order, listener) => {
    const files = [...own, ...order.folders.flatMap((folder) => [...withReal(folder), ...packagesAbove(folder)])];
    const permissions = [
      '--permission',
      ...[...new Set(files)].map((path) => `--allow-fs-read=${path}`),
      ...writable.map((path) => `--allow-fs-write=${withChildren(path)}`),
      ...(network && process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
    ];
    const execArgv = [...conditions(), '--disable-warning=ExperimentalWarning', ...permissions];
    try {
      return startWorker(entry, order, { execArgv, keepsFolder: files.includes(withChildren(process.cwd())) }, listener);
    } catch (error) {
      queueMicrotask(() => listener.ended({ how: 'error', message: `it did not start: ${wordsOf(error)}` }));
      return {
        post: () => undefined,
        beats: () => 0,
        current: () => 0,
        last: () => 0,
        taken: () => 0,
        outsideMiB: () => 0,
        end: () => undefined,
        giveUp: () => undefined,
      };
    }
  };
}

/** What a worker is given. */
export interface WorkerData extends ThreadData {
  readonly keepsFolder: boolean;
}

/** Milliseconds between two messages to one thread, where there is much to say. */
const APART_MS = 2;
/** Messages that are read after the thread's end. */
const MAX_LAST = 10_000;

interface Rights {
  readonly execArgv: string[];
  /** It may read the process's working folder. */
  readonly keepsFolder: boolean;
}

function startWorker(
  entry: URL,
  { name, heapMiB }: ThreadOrder,
  { execArgv, keepsFolder }: Rights,
  { heard, ended }: ThreadListener,
): Thread {
  const { port1: port, port2 } = new MessageChannel();
  const cells = new Int32Array(new SharedArrayBuffer(BEAT_CELLS * Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(entry, {
    name,
    env: {},
    execArgv,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    stdout: true,
    stderr: true,
    workerData: { beats: cells.buffer, port: port2, keepsFolder } satisfies WorkerData,
    transferList: [port2],
  });
  let end: ThreadEnd | undefined;
  let outsideMiB = 0;
  let isSampling = false;

  const stop = (why?: ThreadEnd): void => {
    end ??= why;
    void worker.terminate();
  };
  const hear = (said: unknown): void => {
    const messages = upsOf(typeof said === 'string' ? parsed(said) : said);
    if (messages) heard(messages);
    else stop({ how: 'flood', message: 'it wrote to the port of its pool' });
  };

  /** The thread is interrupted for it, for 50 µs; in native code it does not answer. */
  const sample = async (): Promise<void> => {
    if (isSampling) return;
    isSampling = true;
    try {
      outsideMiB = (await worker.getHeapStatistics()).external_memory / 2 ** 20;
      isSampling = false;
    } catch {
      // It ends: there is nothing more to know.
    }
  };

  port.on('message', hear);
  worker.once('message', () => stop({ how: 'flood', message: 'it posted to its parent port. Return values instead' }));
  worker.once('error', (error) => {
    const { code } = error as NodeJS.ErrnoException;
    end ??= { how: code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'error', message: wordsOf(error) };
  });
  worker.once('exit', (code) => {
    for (let i = 0; i < MAX_LAST; i++) {
      const last = receiveMessageOnPort(port);
      if (!last) break;
      hear(last.message);
    }
    port.close();
    ended(end ?? { how: 'exit', message: `it exited with code ${code}` });
  });
  worker.stdout.resume();
  worker.stderr.resume();

  // Waking the thread costs more than what it is told: what a turn of the loop has to say goes at once, and behind what was just told a moment later.
  let waiting: Down[] = [];
  let toldMs = 0;
  const flush = (): void => {
    toldMs = performance.now();
    const messages = waiting;
    waiting = [];
    // As text: taking objects apart and putting them together again costs more.
    port.postMessage(JSON.stringify(messages));
  };

  return {
    post(messages) {
      if (waiting.length === 0) {
        if (performance.now() - toldMs < APART_MS) setTimeout(flush, 1);
        else setImmediate(flush);
      }
      for (const message of messages) waiting.push(message);
    },
    beats: () => Atomics.load(cells, BEATS),
    current: () => Atomics.load(cells, CURRENT),
    last: () => Atomics.load(cells, LAST),
    taken: () => Atomics.load(cells, TAKEN),
    outsideMiB() {
      void sample();
      return outsideMiB;
    },
    end: () => stop(),
    // Nothing but the end of this process would end it.
    giveUp: () => undefined,
  };
}

/** Of this process: where packages resolve to their sources, they do so in threads too. */
export function conditions(): readonly string[] {
  const { execArgv } = process;
  return execArgv.flatMap((flag, i) => {
    if (flag.startsWith('--conditions=')) return [flag];
    return flag === '--conditions' || flag === '-C' ? [`--conditions=${execArgv[i + 1]}`] : [];
  });
}

/** The rooms beside the room of `entry`, and the packages above it. */
function packagesOf(entry: URL): readonly string[] {
  return [...withReal(new URL('../../..', entry).href), ...packagesAbove(entry.href)];
}

/** `node_modules` and `package.json` in all folders above, as Node looks for packages. */
function packagesAbove(url: string): readonly string[] {
  const paths: string[] = [];
  let folder = fileURLToPath(new URL('.', url));
  for (let above = dirname(folder); ; above = dirname(above)) {
    paths.push(join(folder, 'node_modules', '*'), join(folder, 'package.json'));
    if (folder === above) return paths;
    folder = above;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function withReal(folder: string): readonly string[] {
  const path = fileURLToPath(folder);
  return [path, realpathSync(path)].map(withChildren);
}

function withChildren(path: string): string {
  return join(path, '*');
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
