/** The pace of tokens, measured from a provider's sending to a client's listener, through a real server. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOptions, OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { openThinWire } from './pace/thin-wire.ts';
import { startTickingProvider, type TickingProvider, token } from './pace/ticking-provider.ts';

const folder = makeFolder();
let provider: TickingProvider;
let claw: Claw;
let questions = 0;

beforeAll(async () => {
  provider = await startTickingProvider();
  const config = {
    providers: { ticking: { kind: 'openai', baseUrl: provider.url } },
    models: {
      slow: { provider: 'ticking', name: 'tick?tokens=24&gap=50' },
      fast: { provider: 'ticking', name: 'tick?tokens=1500&gap=5&burst=10' },
      brief: { provider: 'ticking', name: 'tick?tokens=5&gap=5' },
      torrent: { provider: 'ticking', name: 'tick?tokens=6000&gap=5&burst=10' },
    },
  };
  claw = await startClaw({ data: folder.in('data'), config });
  // What is loaded at the first run is not to be measured.
  await watch('brief', {});
});
afterAll(async () => {
  await claw?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** What came of one run. */
interface Watched {
  /** Tokens of each hand-out, and when it was. */
  readonly handOuts: readonly { readonly tokens: number; readonly atMs: number }[];
  /** Tokens of each frame that brought some. */
  readonly frames: readonly number[];
  /** Milliseconds from sending to hand-out, token by token. */
  readonly delaysMs: readonly number[];
}

const TOKEN = /t\d+ /g;
const count = (text: string): number => text.match(TOKEN)?.length ?? 0;

/** Runs a model for one client with these options, and watches its frames and its hand-outs. */
async function watch(model: string, options: ClientOptions, url = claw.url): Promise<Watched> {
  const frames: number[] = [];
  class Watching extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols);
      this.addEventListener('message', ({ data }) => {
        if (String(data).startsWith('{"t":"ev"') && count(String(data)) > 0) frames.push(count(String(data)));
      });
    }
  }
  const handOuts: { tokens: number; atMs: number }[] = [];
  const client = new OpenClawClient({ ...options, WebSocket: Watching as unknown as NonNullable<ClientOptions['WebSocket']> });
  let text = '';
  client.on('token', (part) => {
    text += part;
    handOuts.push({ tokens: count(part), atMs: performance.now() });
  });
  await client.connect(url);
  const input = `question ${++questions}`;
  const { status } = await client.run({ input, model }).result();
  client.close();
  expect(status).toBe('completed');
  const sent = provider.sentAtMs.get(input) ?? [];
  expect(text).toBe(sent.map((_, i) => token(i)).join(''));
  const shownAtMs = handOuts.flatMap(({ tokens, atMs }) => Array.from({ length: tokens }, () => atMs));
  const delaysMs = sent.map((sentMs, i) => (shownAtMs[i] as number) - sentMs);
  return { handOuts, frames, delaysMs };
}

/** The value below which so much of all lies. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] as number;
}

function report(name: string, { handOuts, frames, delaysMs }: Watched): void {
  const [p50, p90, most] = [0.5, 0.9, 1].map((part) => quantile(delaysMs, part).toFixed(1));
  console.log(`${name}: ${handOuts.length} hand-outs, ${frames.length} frames, delays p50 ${p50}, p90 ${p90}, at most ${most} ms`);
}

describe('a model of 20 tokens a second', () => {
  test.each([undefined, 0, 30, 50])('is not delayed with tokenInterval %s', async (tokenInterval) => {
    const watched = await watch('slow', tokenInterval === undefined ? {} : { tokenInterval });
    report(`slow, tokenInterval ${tokenInterval}`, watched);
    expect(watched.handOuts.length).toBeGreaterThanOrEqual(23);
    expect(quantile(watched.delaysMs, 0.5)).toBeLessThan(12);
    expect(quantile(watched.delaysMs, 0.9)).toBeLessThan(30);
  });

  test('waits for a batch no longer than its delay, and its first token not at all', async () => {
    const watched = await watch('slow', { tokenBatchSize: 10, tokenBatchDelay: 20 });
    report('slow, batches', watched);
    const [first = 0, ...rest] = watched.delaysMs;
    expect(first).toBeLessThan(20);
    expect(quantile(rest, 0.5)).toBeGreaterThanOrEqual(19);
    expect(quantile(rest, 0.9)).toBeLessThan(50);
  });
});

describe('a model of 2,000 tokens a second', () => {
  test.each([
    [undefined, 40],
    [30, 30],
    [50, 50],
  ])('comes in pieces of tokenInterval %s', async (tokenInterval, paceMs) => {
    const watched = await watch('fast', tokenInterval === undefined ? {} : { tokenInterval });
    report(`fast, tokenInterval ${tokenInterval}`, watched);
    const { frames, delaysMs } = watched;
    // 750 ms of text: a frame an interval, the first token for itself.
    expect(frames.length).toBeLessThanOrEqual(750 / paceMs + 4);
    expect(frames[0]).toBeLessThanOrEqual(10);
    expect(quantile(frames.slice(1), 0.5)).toBeGreaterThanOrEqual(2 * paceMs * 0.9);
    expect(quantile(delaysMs, 0.9)).toBeLessThan(paceMs + 40);
    expect(delaysMs[0]).toBeLessThan(20);
    if (tokenInterval === undefined) return;
    const gapsMs = watched.handOuts.slice(2).map(({ atMs }, i) => atMs - (watched.handOuts[i + 1]?.atMs ?? 0));
    expect(quantile(gapsMs, 0.5)).toBeGreaterThan(paceMs * 0.9);
  });

  test('comes as it is made with tokenInterval 0', async () => {
    const watched = await watch('fast', { tokenInterval: 0 });
    report('fast, tokenInterval 0', watched);
    expect(watched.handOuts).toHaveLength(1_500);
    expect(quantile(watched.frames, 0.5)).toBeLessThan(60);
    expect(quantile(watched.delaysMs, 0.9)).toBeLessThan(40);
  });

  test('fills its batches', async () => {
    const watched = await watch('fast', { tokenBatchSize: 10, tokenBatchDelay: 20 });
    report('fast, batches', watched);
    expect(watched.handOuts[0]?.tokens).toBe(1);
    expect(watched.handOuts.filter(({ tokens }) => tokens === 10).length).toBeGreaterThan(125);
    expect(Math.max(...watched.handOuts.map(({ tokens }) => tokens))).toBe(10);
  });
});

test('a receiver on 50 kbit/s gets everything, in frames that grow with what it has not taken, and the server holds little', async () => {
  await using wire = await openThinWire(claw.port, 50_000 / 8);
  const before = claw.rssBytes();
  let mostBytes = 0;
  let unsentBytes = 0;
  let behind = 0;
  let over = false;
  const look = async (): Promise<void> => {
    while (!over) {
      await sleep(200);
      mostBytes = Math.max(mostBytes, claw.rssBytes());
      const { runs } = (await (await fetch(`${claw.http}/v1/runs?limit=1`)).json()) as {
        readonly runs: readonly { readonly run: string }[];
      };
      const why = (await (await fetch(`${claw.http}/v1/runs/${runs[0]?.run}/why`)).json()) as {
        readonly readers: readonly { readonly behind: number; readonly unsentBytes: number }[];
      };
      for (const reader of why.readers) {
        unsentBytes = Math.max(unsentBytes, reader.unsentBytes);
        behind = Math.max(behind, reader.behind);
      }
    }
  };
  const looking = look();
  const watched = await watch('torrent', {}, wire.url);
  over = true;
  await looking;
  report('torrent, 50 kbit/s', watched);
  const { frames } = watched;
  console.log(
    `frames ${frames.join(' ')}; unsent at most ${unsentBytes} bytes, ${behind} records behind; ${((mostBytes - before) / 2 ** 20).toFixed(1)} MiB more`,
  );
  expect(Math.max(...frames)).toBeGreaterThan(3 * quantile(frames, 0.5));
  expect(behind).toBeGreaterThan(10);
  expect(unsentBytes).toBeLessThanOrEqual(64 * 1024);
  expect(mostBytes - before).toBeLessThan(64 * 2 ** 20);
});
