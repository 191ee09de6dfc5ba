import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from '@openclaw-runtime/client';
import type { LedgerEntry } from '../../provider/ledger.ts';
import { answersOf } from '../answers.ts';
import { writeConfig } from '../arena.ts';
import { judgeRun } from '../judge.ts';
import { type PlanName, planRun, requestOf } from '../plan.ts';
import { freePort, startProvider, startServer } from '../processes.ts';
import { readLogs } from '../read-log.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { tellAll } from '../tell.ts';
import type { Line } from '../transcript.ts';
import type { Fates } from './fates.ts';
import { openProxy } from './proxy.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ABREAST = 10;
/** Far more than a case takes, with three late connections one after the other. */
const CASE_MS = 80_000;

/** `count` runs, each followed by a real client through a proxy of its own that does to its connections what the fates say. */
export async function troubleWire({ seed, count, say }: RowOptions, fates: Fates): Promise<RowReport> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-wire-'));
  await using provider = await startProvider(ROOT, { vary: true });
  const providerUrl = String(provider.hello.url);
  const data = join(dir, 'data');
  mkdirSync(data);
  const port = await freePort(Math.random);
  await using server = await startServer({ root: ROOT, data, port, config: writeConfig(dir, { mode: 'vary', providerUrl }) });
  const name: PlanName = { arena: 'wire', seed, mode: 'vary' };
  const transcripts = new Map<number, readonly Line[]>();
  let [next, cuts, connections] = [0, 0, 0];
  const work = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      await using proxy = await openProxy(port, fates(seed, n));
      transcripts.set(n, await follow(name, n, proxy.url));
      cuts += proxy.cuts();
      connections += proxy.connections();
      if (transcripts.size % 25 === 0) say(`  ${transcripts.size} runs through ${connections} connections`);
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, work));

  const plans = [...transcripts.keys()].map((n) => planRun(name, n));
  const logs = await readLogs(`ws://127.0.0.1:${port}`, plans, CASE_MS);
  const ledger = (await (await fetch(`${providerUrl}/ledger`)).json()) as LedgerEntry[];
  const violations = plans.flatMap((plan) => {
    const log = logs.get(plan.i);
    const evidence = { i: plan.i, lines: transcripts.get(plan.i) ?? [], log: log?.dup ? log : undefined };
    return judgeRun({ ...evidence, answers: (text) => answersOf(plan, text, ledger) }).map(
      ({ i, rule, says }) => `case ${i}: ${rule}: ${says}`,
    );
  });
  if (server.complaints() !== '') violations.push(`the server complained: ${server.complaints()}`);
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
  return { cases: plans.length, violations, figures: { connections, cuts } };
}

async function follow(name: PlanName, n: number, url: string): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const plan = planRun(name, n);
  const client = new OpenClawClient({ reconnectDelay: 20, maxReconnectAttempts: 10_000 });
  const late = setTimeout(() => {
    lines.push({ t: 'failed', i: n, code: 'HANG', message: `no end within ${CASE_MS} ms` });
    client.close();
  }, CASE_MS);
  try {
    const follows = tellAll(client, (line) => lines.push(line));
    // The first connection may be the one that is torn: the client goes on trying, which is what is tried here.
    client.connect(url).catch(() => undefined);
    lines.push({ t: 'asked', i: n });
    await follows(client.run({ ...requestOf(plan), idempotencyKey: plan.idem }), n);
    return lines.filter((line) => 'i' in line || line.t === 'token' || line.t === 'thinking' || line.t === 'rewind');
  } finally {
    clearTimeout(late);
    client.close();
  }
}
