// What the house adds to a provider's first token: the same question asked of the provider directly and through the house, in turns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProvider } from '../tests/provider/server.ts';
import { openPeer, type Peer } from './peer.ts';
import { percentile, round } from './percentile.ts';
import { startServer } from './server.ts';

const MODEL = 'text?ttft=20';
const ROUNDS = 300;

export interface FirstTokenReport {
  readonly directMs: { readonly p50: number; readonly p99: number };
  readonly houseMs: { readonly p50: number; readonly p99: number };
  /** Pair by pair. */
  readonly addedMs: { readonly p50: number; readonly p99: number };
}

export async function measureFirstToken(): Promise<FirstTokenReport> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-first-'));
  try {
    await using provider = await startProvider({});
    await using server = await startServer(folder, [], { OPENAI_BASE_URL: `${provider.url}/v1`, OPENAI_API_KEY: 'sk-bench' });
    using peer = await openPeer(server.url);
    const direct: number[] = [];
    const house: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const a = await askProvider(provider.url);
      const b = await askHouse(peer, i);
      if (i < 20) continue;
      direct.push(a);
      house.push(b);
    }
    const added = house.map((ms, i) => ms - (direct[i] ?? 0));
    return { directMs: both(direct), houseMs: both(house), addedMs: both(added) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function askProvider(url: string): Promise<number> {
  const at = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
  const decoder = new TextDecoder();
  let seen = '';
  let first = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    seen += decoder.decode(part, { stream: true });
    if (first === 0 && /"content":"[^"]/.test(seen)) first = performance.now();
  }
  return first - at;
}

async function askHouse(peer: Peer, ch: number): Promise<number> {
  const at = performance.now();
  let first = 0;
  const ended = peer.until((frame) => {
    if (frame.t !== 'ev') return false;
    const kinds = (frame.b as [number, number, [string][]][]).flatMap(([, , records]) => records.map(([kind]) => kind));
    if (first === 0 && kinds.includes('text')) first = performance.now();
    return kinds.includes('run.finished');
  });
  peer.send({ t: 'start', ch, idem: `first-${ch}`, run: { input: 'hi', model: MODEL } });
  await ended;
  return first - at;
}

function both(numbers: readonly number[]): { readonly p50: number; readonly p99: number } {
  return { p50: round(percentile(numbers, 0.5)), p99: round(percentile(numbers, 0.99)) };
}
