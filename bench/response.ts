// How long somebody waits for the first of an answer: over WebSocket, where words are shown as they come, and by HTTP POST, which answers when all is said.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenClawClient } from 'openclaw-runtime';
import { percentile, round } from './percentile.ts';
import { startServer } from './server.ts';

/** A model that begins after 200 ms and speaks for two seconds more, and one that answers at once. */
const MODELS = { speaking: 'simulated?tokens=60&ttft=200&ms=2200', instant: 'simulated?tokens=5&ms=0' } as const;
const ASKED = 160;
/** Questions under way at a time. */
const AT_ONCE = 20;

interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

export type ResponseReport = Readonly<Record<keyof typeof MODELS, { readonly webSocketMs: Spread; readonly postMs: Spread }>>;

export async function measureResponse(): Promise<ResponseReport> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-response-'));
  const client = new OpenClawClient();
  try {
    await using server = await startServer(folder);
    await client.connect(server.url);
    const measure = async (model: string) => ({
      webSocketMs: await spread(() => byWebSocket(client, model)),
      postMs: await spread(() => byPost(server.url.replace(/^ws/, 'http'), model)),
    });
    // What is loaded with the first questions is not anybody's wait.
    await measure(MODELS.instant);
    return { speaking: await measure(MODELS.speaking), instant: await measure(MODELS.instant) };
  } finally {
    client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function spread(ask: () => Promise<number>): Promise<Spread> {
  const waits: number[] = [];
  const asker = async (): Promise<void> => {
    for (let i = 0; i < ASKED / AT_ONCE; i++) waits.push(await ask());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, asker));
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  return { mean: round(mean), p50: round(percentile(waits, 0.5)), p99: round(percentile(waits, 0.99)) };
}

async function byWebSocket(client: OpenClawClient, model: string): Promise<number> {
  const at = performance.now();
  const run = client.run({ input: 'Hi.', model });
  let first = 0;
  for await (const { kind } of run) if (kind === 'text' && first === 0) first = performance.now();
  return first - at;
}

async function byPost(http: string, model: string): Promise<number> {
  const at = performance.now();
  const messages = [{ role: 'user', content: 'Hi.' }];
  const response = await fetch(new URL('/v1/chat/completions', http), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages }),
  });
  const answer = (await response.json()) as { readonly choices?: readonly { readonly message: { readonly content: string } }[] };
  if (!answer.choices?.[0]?.message.content) throw new Error(JSON.stringify(answer));
  return performance.now() - at;
}
