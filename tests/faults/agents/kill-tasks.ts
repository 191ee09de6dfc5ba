import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from '@openclaw-runtime/client';
import { seededRandom } from '@openclaw-runtime/kit';
import { startClaw } from '../../house/claw.ts';
import { type ScriptedRequest, startScriptedProvider } from '../../provider/scripted.ts';
import { within } from '../claw/stage.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { type Entry, openLedger } from './ledger.ts';

const TEAM = ['one', 'two', 'three'] as const;
const ABREAST = 4;
const EPOCHS = 12;
const END_MS = 30_000;
/** Kills after which the client is waited for: it takes longer and longer to look for a server that is hardly ever there. */
const BLIND_KILLS = 4;

/** A model's answer was asked for: the calls of tools, or the words behind them. */
interface Asked {
  readonly label: string;
  readonly part: 'calls' | 'words';
}

/**
 * `count` times the process of everything is killed at a random moment, in the middle of tasks of three agents with tools and of operations that count. Every task and operation comes to its end;
 * no tool runs twice under one key unless it says it may, no finished step is done or paid for again.
 */
export async function killTasksOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const asked: Asked[] = [];
  const violations: string[] = [];
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-tasks-'));
  await using ledger = await openLedger(random);
  await using provider = await startScriptedProvider(async (request) => {
    const label = labelOf(request);
    const part = request.messages.at(-1)?.role === 'tool' ? 'words' : 'calls';
    asked.push({ label, part });
    await sleep(20 + random.float() * 80);
    const args = { ledger: ledger.url, label };
    if (part === 'words') return { text: `done ${label}` };
    return { calls: ['once', 'again'].map((name) => ({ name, arguments: args })) };
  });
  const module = fileURLToPath(new URL('./clerk.ts', import.meta.url));
  const config = {
    providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
    models: { scripted: { provider: 'scripted' } },
    // Nobody is to blame for these deaths, and on a busy machine several in a row come before anything is done.
    limits: { noProgressAttempts: 100 },
    agents: { clerk: { module }, ...Object.fromEntries(TEAM.map((name) => [name, { module, instructions: `You are ${name}.` }])) },
  };
  let claw = await startClaw({ data: join(dir, 'data'), config });
  const client = new OpenClawClient({ reconnectDelay: 20, maxReconnectAttempts: 100_000 });
  const stopping = new AbortController();
  let tasks = 0;
  try {
    await client.connect(claw.url);
    const live = async (): Promise<void> => {
      while (!stopping.signal.aborted) {
        const label = `task-${++tasks}`;
        const wrong = await (tasks % 2 === 0 ? runTask(client, label) : runCount(client, label, ledger.url)).catch((error: unknown) =>
          String(error),
        );
        if (wrong !== undefined) violations.push(`${label} (${dir}): ${wrong}`);
      }
    };
    const going = Promise.all(Array.from({ length: ABREAST }, live));
    for (let kills = 0; kills < count; kills++) {
      await sleep(50 + random.float() * 700);
      await claw.stop('SIGKILL');
      claw = await startClaw({ data: join(dir, 'data'), config, port: claw.port });
      if (kills % BLIND_KILLS === BLIND_KILLS - 1) await within(END_MS, 'the client’s next connection', client.reconnect());
      if (kills % 25 === 24) say(`  ${kills + 1} kills, ${tasks} tasks, ${violations.length} violations`);
    }
    stopping.abort();
    await within(END_MS, 'the end of tasks after the last kill', going).catch((error: Error) => violations.push(error.message));
  } finally {
    client.close();
    await claw.stop('SIGKILL');
  }
  violations.push(...judgeEntries(ledger.entries), ...judgeAsked(asked));
  if (violations.length === 0) rmSync(dir, { recursive: true, force: true });
  const figures = { tasks, 'entries of the ledger': ledger.entries.length, 'requests to the provider': asked.length };
  return { cases: count, violations, figures };
}

/** What is wrong with its end. */
async function runTask(client: OpenClawClient, label: string): Promise<string | undefined> {
  const run = client.run({
    agent: 'task',
    operation: 'flow',
    args: { agents: TEAM, task: label, flow: 'sequence' },
    idempotencyKey: label,
  });
  const { status, value, error } = await run.result();
  if (status !== 'completed') return `ended as ${status}: ${JSON.stringify(error)}`;
  const { results } = JSON.parse(value ?? '{}') as {
    readonly results: Readonly<Record<string, { readonly status: string; readonly text: string }>>;
  };
  const wrong = TEAM.filter((name) => results[name]?.status !== 'completed' || results[name].text !== `done ${label}-${name}`);
  return wrong.length === 0 ? undefined : `the results of ${wrong.join(', ')} are wrong: ${value}`;
}

async function runCount(client: OpenClawClient, label: string, ledger: string): Promise<string | undefined> {
  const run = client.run({ agent: 'clerk', operation: 'count', args: { ledger, label, epochs: EPOCHS }, idempotencyKey: label });
  const { status, value, error } = await run.result();
  return status === 'completed' && value === String(EPOCHS) ? undefined : `ended as ${status} with ${value}: ${JSON.stringify(error)}`;
}

/** The task and the agent that is asked. */
function labelOf({ messages }: ScriptedRequest): string {
  const text = messages.map(({ content }) => content ?? '').join('\n');
  return `${/task-\d+/.exec(text)?.[0]}-${/You are (\w+)/.exec(text)?.[1]}`;
}

/** A call has one key, whatever dies; only what may be repeated is; an operation's steps are done in order, each again only until it is finished. */
function judgeEntries(entries: readonly Entry[]): string[] {
  const violations: string[] = [];
  for (const [label, own] of Map.groupBy(entries, ({ label }) => label)) {
    const keys = (tool: Entry['tool']): string[] => own.filter((entry) => entry.tool === tool).map(({ key }) => key);
    if (keys('once').length > 1)
      violations.push(`${label}: once ran ${keys('once').length} times, under the keys ${keys('once').join(', ')}`);
    if (new Set(keys('again')).size > 1) violations.push(`${label}: again ran under several keys: ${keys('again').join(', ')}`);
    if (keys('once').length > 0 && keys('again').length === 0) violations.push(`${label}: again never ran`);
    const epochs = keys('count').map(Number);
    if (epochs.some((epoch, i) => epoch < (epochs[i - 1] ?? 0)))
      violations.push(`${label}: a finished step was done again: ${epochs.join(' ')}`);
    if (epochs.length > 0 && new Set(epochs).size !== EPOCHS) violations.push(`${label}: the steps were ${epochs.join(' ')}`);
  }
  return violations;
}

/** Who was asked for words is not asked for the calls before them again. */
function judgeAsked(asked: readonly Asked[]): string[] {
  const violations: string[] = [];
  for (const [label, own] of Map.groupBy(asked, ({ label }) => label)) {
    const parts = own.map(({ part }) => part);
    if (parts.lastIndexOf('calls') > parts.indexOf('words') && parts.includes('words'))
      violations.push(`${label}: a finished step was paid for again: ${parts.join(' ')}`);
  }
  return violations;
}
