// Open-loop load: starts runs at a fixed rate over many connections, checks every byte of every answer, reports latencies.
// Runs as a process of its own, so that its CPU is not the server's: node bench/load.ts '{"url":…,"rate":…,"seconds":…}'
import { simulatedText } from '@openclaw-runtime/model';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import WebSocket from 'ws';

export interface LoadOptions {
  readonly url: string;
  /** Runs a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly tokens: number;
  /** Scripted milliseconds of each answer. */
  readonly scriptMs: number;
  readonly tokenInterval?: number;
  /** The runs are the operation of an agent with code, `speaker.ts`. */
  readonly onThreads?: boolean;
  /** Makes idempotency keys of two loads on one server differ. */
  readonly name: string;
}

export interface LoadReport {
  readonly started: number;
  readonly finished: number;
  readonly wrong: number;
  readonly failed: number;
  /** Runs started a second, as it came out. */
  readonly rate: number;
  /** Milliseconds from the start frame to the last record, less the script. */
  readonly overScriptMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly firstTokenMs: { readonly p50: number; readonly p99: number };
  readonly frames: number;
  readonly cpuSeconds: number;
}

interface RunState {
  readonly prompt: string;
  readonly at: number;
  text: string;
  seq: number;
  first: number;
}

export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { url, rate, seconds, connections, tokens, scriptMs, name } = options;
  const model = `simulated?tokens=${tokens}&ms=${scriptMs}`;
  const total = Math.round(rate * seconds);
  const over = new Float64Array(total);
  const first = new Float64Array(total);
  let started = 0;
  let finished = 0;
  let wrong = 0;
  let failed = 0;
  let frames = 0;
  let settle: () => void = () => undefined;
  const allDone = new Promise<void>((resolve) => {
    settle = resolve;
  });

  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false });
      await new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      const runs: (RunState | undefined)[] = [];
      socket.on('message', (data: Buffer) => {
        frames++;
        const now = performance.now();
        const frame = JSON.parse(data.toString()) as Frame;
        if (frame.t === 'ev') for (const batch of frame.b) take(runs, batch, now);
        else if (frame.t === 'err') {
          failed++;
          if (failed < 5) process.stderr.write(`${data}\n`);
          if (finished + failed === total) settle();
        }
      });
      socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'load' }));
      return { socket, runs };
    }),
  );

  const take = (runs: (RunState | undefined)[], [ch, from, records]: Frame['b'][number], now: number): void => {
    const run = runs[ch];
    if (!run) return void wrong++;
    if (from !== run.seq + 1) wrong++;
    run.seq = from + records.length - 1;
    for (const [kind, , , payload] of records) {
      if (kind === 'text') {
        if (run.first === 0) run.first = now - run.at;
        run.text += payload as string;
      } else if (kind === 'run.finished') {
        if (run.text !== simulatedText(run.prompt, tokens) || (payload as { status: string }).status !== 'completed') wrong++;
        over[finished] = now - run.at - scriptMs;
        first[finished] = run.first;
        runs[ch] = undefined;
        if (++finished + failed === total) settle();
      }
    }
  };

  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * rate));
      for (; started < due; started++) {
        const { socket, runs } = sockets[started % connections] as (typeof sockets)[number];
        const prompt = `question ${started} of ${name}`;
        const ch = runs.length;
        runs.push({ prompt, at: performance.now(), text: '', seq: 0, first: 0 });
        const interval = options.tokenInterval === undefined ? '' : `,"tokenInterval":${options.tokenInterval}`;
        const asked = options.onThreads
          ? `"agent":"speaker","operation":"say","args":{"prompt":"${prompt}","model":"${model}"},"input":"${prompt}"`
          : `"input":"${prompt}","model":"${model}"`;
        socket.send(`{"t":"start","ch":${ch},"idem":"${name}-${started}","run":{${asked}${interval}}}`);
      }
      if (started === total) resolve();
      else setTimeout(tick, 2);
    };
    tick();
  });
  const startedIn = performance.now() - began;
  await Promise.race([allDone, new Promise((resolve) => setTimeout(resolve, 30_000))]);
  const cpu = process.cpuUsage(cpuBefore);
  for (const { socket } of sockets) socket.terminate();
  const done = over.subarray(0, finished).sort();
  const firsts = first.subarray(0, finished).sort();
  return {
    started,
    finished,
    wrong,
    failed,
    rate: Math.round((started / startedIn) * 1000),
    overScriptMs: { p50: at(done, 0.5), p99: at(done, 0.99), max: at(done, 1) },
    firstTokenMs: { p50: at(firsts, 0.5), p99: at(firsts, 0.99) },
    frames,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}

interface Frame {
  readonly t: string;
  readonly b: readonly (readonly [
    ch: number,
    first: number,
    records: readonly (readonly [string, number, number, unknown])[],
    h: number,
  ])[];
}

function at(sorted: Float64Array, share: number): number {
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) * 10) / 10;
}

if (import.meta.main) {
  const report = await runLoad(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exit(0);
}
