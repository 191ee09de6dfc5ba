// Overload: five times as many runs as the server can carry, for thirty seconds, open loop; then the usual load again, to see when it is well.
// node --conditions=openclaw-source bench/overload.ts [seconds [runs a second that the machine carries]]
// Without the second number places are what is scarce, with it the processor.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import WebSocket from 'ws';
import { percentile, round } from './percentile.ts';
import { startServer } from './server.ts';

export interface OverloadReport {
  /** Runs that ended well per second, at the load that just fills the server. */
  readonly peakPerSecond: number;
  readonly offeredPerSecond: number;
  readonly seconds: number;
  readonly goodPerSecond: number;
  /** Of the peak. */
  readonly goodput: number;
  /** From asking to the end, less what the model takes by itself. */
  readonly acceptedMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly refusedMs: { readonly p50: number; readonly p99: number };
  readonly refused: number;
  /** Of the runs that were accepted and ended otherwise than well. */
  readonly failed: number;
  /** Seconds after the overload until nothing is refused and runs take what they took before it. */
  readonly wellAgainSeconds: number;
  readonly serverCpuPercent: number;
}

export interface OverloadOptions {
  /** Runs that the server works on at once, each for `scriptMs`. */
  readonly places: number;
  /** Runs a second that it can carry; absent: the quotient of these. */
  readonly fits?: number;
  readonly scriptMs: number;
  readonly factor: number;
  readonly seconds: number;
}

const CONNECTIONS = 16;
const TOKENS = 5;

export async function measureOverload({
  places,
  scriptMs,
  factor,
  seconds,
  fits = (places / scriptMs) * 1_000,
}: OverloadOptions): Promise<OverloadReport> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'openclaw-overload-'));
  try {
    const config = join(folder, 'openclaw.yaml');
    writeFileSync(config, JSON.stringify({ limits: { maxConcurrentRuns: places } }));
    await using server = await startServer(join(folder, 'data'), ['--config', config]);
    const load = await openLoad(server.url, scriptMs);
    await load.offer(fits / 4, 1);
    // What it carries when a little more is asked than it can: nothing of it is lost to refusing.
    const peakPerSecond = (await load.offer(fits * 1.1, 5)).goodPerSecond;
    await load.rest();
    const before = await load.offer(fits * 0.5, 2);
    await load.rest();
    const cpu = server.cpuSeconds();
    const during = await load.offer(fits * factor, seconds);
    const endedAt = during.endedAt;
    const used = server.cpuSeconds() - cpu;
    const wellAgainSeconds = await load.untilWell(endedAt, fits * 0.5, Math.max(before.overMs.p99 * 1.5, before.overMs.p99 + 20));
    load.close();
    return {
      peakPerSecond: round(peakPerSecond),
      offeredPerSecond: round(during.offered / seconds),
      seconds,
      goodPerSecond: round(during.goodPerSecond),
      goodput: round(during.goodPerSecond / peakPerSecond),
      acceptedMs: during.overMs,
      refusedMs: during.refusedMs,
      refused: during.refused,
      failed: during.failed,
      wellAgainSeconds,
      serverCpuPercent: round((used / seconds) * 100),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Offered {
  readonly offered: number;
  /** When the last was asked for. */
  readonly endedAt: number;
  readonly goodPerSecond: number;
  readonly refused: number;
  readonly failed: number;
  readonly overMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly refusedMs: { readonly p50: number; readonly p99: number };
}

interface Asked {
  readonly at: number;
  readonly settle: (how: 'good' | 'failed' | 'refused', ms: number) => void;
}

async function openLoad(url: string, scriptMs: number) {
  const model = `simulated?tokens=${TOKENS}&ms=${scriptMs}`;
  const open = new Map<number, Asked>();
  let ch = 0;
  const hear = (data: Buffer): void => {
    const now = performance.now();
    const frame = JSON.parse(data.toString()) as {
      t: string;
      ch?: number;
      b?: [number, number, [string, number, number, { status?: string }][]][];
    };
    const settle = (id: number, how: 'good' | 'failed' | 'refused'): void => {
      const asked = open.get(id);
      open.delete(id);
      asked?.settle(how, now - asked.at);
    };
    if (frame.t === 'err' && frame.ch !== undefined) settle(frame.ch, 'refused');
    for (const [id, , records] of frame.b ?? []) {
      for (const [kind, , , payload] of records)
        if (kind === 'run.finished') settle(id, payload.status === 'completed' ? 'good' : 'failed');
    }
  };
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      socket.on('message', hear);
      socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'overload' }));
      return socket;
    }),
  );

  const offer = async (perSecond: number, seconds: number): Promise<Offered> => {
    const total = Math.round(perSecond * seconds);
    const over: number[] = [];
    const refusals: number[] = [];
    let failed = 0;
    let good = 0;
    let offered = 0;
    const began = performance.now();
    // Those that end within the time count as done in it; the last ones make up for the first, which found an empty server.
    const settle: Asked['settle'] = (how, ms) => {
      if (how === 'refused') refusals.push(ms);
      else over.push(ms - scriptMs);
      if (how === 'failed') failed++;
      if (how === 'good' && performance.now() - began <= seconds * 1_000) good++;
    };
    await new Promise<void>((resolve) => {
      const tick = (): void => {
        const at = performance.now();
        for (const due = Math.min(total, Math.floor(((at - began) / 1_000) * perSecond)); offered < due; offered++) {
          const id = ++ch;
          open.set(id, { at, settle });
          sockets[id % CONNECTIONS]?.send(
            `{"t":"start","ch":${id},"idem":"o${id}-${began}","run":{"input":"question ${id}","model":"${model}"}}`,
          );
        }
        if (offered === total) resolve();
        else setTimeout(tick, 2);
      };
      tick();
    });
    const endedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, scriptMs + 600));
    return {
      offered,
      endedAt,
      goodPerSecond: good / seconds,
      refused: refusals.length,
      failed,
      overMs: { p50: percentile(over, 0.5), p99: percentile(over, 0.99), max: percentile(over, 1) },
      refusedMs: { p50: percentile(refusals, 0.5), p99: percentile(refusals, 0.99) },
    };
  };

  return {
    offer,
    async rest(): Promise<void> {
      for (let i = 0; i < 100 && open.size > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    },
    /** Seconds from `since` until a half of a second in which nothing is refused and nothing takes long begins. */
    async untilWell(since: number, perSecond: number, p99: number): Promise<number> {
      for (;;) {
        const at = performance.now();
        const { refused, overMs } = await offer(perSecond, 0.5);
        if (refused === 0 && overMs.p99 <= p99) return round((at - since) / 1_000);
        if (at - since > 20_000) return Number.POSITIVE_INFINITY;
      }
    },
    close(): void {
      for (const socket of sockets) socket.terminate();
    },
  };
}

if (import.meta.main) {
  const [seconds = '30', fits] = process.argv.slice(2);
  const what = fits === undefined ? { places: 300 } : { places: 20_000, fits: Number(fits) };
  const report = await measureOverload({ ...what, scriptMs: 200, factor: 5, seconds: Number(seconds) });
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  process.exit(0);
}
