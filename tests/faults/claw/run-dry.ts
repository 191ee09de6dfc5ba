import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { type Claw } from '../../house/claw.ts';
import { startProvider } from '../../provider/server.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { buildShim, type Shim } from '../shim/build.ts';
import { type Control, errno, openControl } from '../shim/control.ts';
import { ends, followRun, patientClient, startStage, tryStage, within } from './stage.ts';

const KINDS = ['descriptors', 'accept', 'accept', 'open', 'provider', 'memory'] as const;
type Kind = (typeof KINDS)[number];

/** `count` servers that run out of descriptors or memory: what streams goes on, refusals have words, and with the next server at the latest all is well again. */
export async function runDryOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  using shim = buildShim();
  await using provider = await startProvider();
  const violations: string[] = [];
  const seen = new Map<Kind, number>();
  let ended = 0;
  for (let n = 0; n < count; n++) {
    const kind = KINDS[n % KINDS.length] as Kind;
    const found: string[] = [];
    try {
      ended += await dryOnce(shim, provider.url, kind, seed + n, found);
    } catch (error) {
      found.push(String(error));
    }
    violations.push(...found.map((says) => `case ${n} (${kind}): ${says}`));
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  say(`  ${count} cases, ${violations.length} violations`);
  return { cases: count, violations, figures: { ...Object.fromEntries(seen), 'servers that ended': ended } };
}

interface Scene {
  readonly claw: Claw;
  readonly control: Control;
  readonly random: Random;
  readonly found: string[];
}

/** Resolves with how many servers ended by themselves. */
async function dryOnce(shim: Shim, providerUrl: string, kind: Kind, seed: number, found: string[]): Promise<number> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-dry-'));
  using control = openControl(join(dir, 'control'));
  const config = {
    providers: { simulated: { kind: 'simulated' }, http: { kind: 'openai', baseUrl: `${providerUrl}/v1` } },
    models: { text: { provider: 'http' } },
    defaultModel: 'simulated',
  };
  const staged = { data: join(dir, 'data'), shim: { path: shim.path, control }, config };
  if (kind === 'open') found.push(...(await refuseOpening(staged, control)));
  let claw = await startStage({ ...staged, before: kind === 'descriptors' ? ['prlimit', '--nofile=64'] : [] });
  const client = patientClient();
  let count = 0;
  try {
    await client.connect(claw.url);
    const runs = Array.from({ length: 3 }, (_, i) => followRun(client, `dry ${seed} ${i}`, 100, 1_500));
    await within(10_000, 'the first text of runs', Promise.all(runs.map(({ begun }) => begun)));
    await STRIKES[kind]({ claw, control, random, found });
    control.relent();
    if (await ends(claw, kind === 'memory' ? 500 : 50)) {
      count++;
      if (kind !== 'memory') found.push(`the server ended: ${claw.complaints()}`);
      claw = await startStage({ ...staged, port: claw.port });
    }
    const newcomer = patientClient();
    await within(10_000, 'a new connection afterwards', newcomer.connect(claw.url));
    const after = followRun(newcomer, `after ${seed}`, 20, 20);
    const said = await within(15_000, 'the end of runs', Promise.all([...runs, after].map(({ end }) => end)));
    found.push(...said.filter((says) => says !== undefined));
    newcomer.close();
  } finally {
    control.relent();
    client.close();
    await claw.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
  return count;
}

const STRIKES: Readonly<Record<Kind, (scene: Scene) => Promise<void>>> = {
  async descriptors({ claw, random }) {
    const sockets = await crowd(claw.port, 100);
    await sleep(300 + random.float() * 500);
    for (const socket of sockets) socket.destroy();
  },
  async accept({ claw, control, random, found }) {
    const error = (['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'ECONNABORTED'] as const)[Math.floor(random.float() * 5)] as 'EMFILE';
    control.order({ acceptErrno: errno(error), acceptCount: 1 + Math.floor(random.float() * 10) });
    const sockets = await crowd(claw.port, 5);
    await sleep(200);
    if (control.counted('acceptsFailed') === 0) found.push('no accept failed');
    for (const socket of sockets) socket.destroy();
  },
  open: () => Promise.resolve(),
  async provider({ claw, control, found }) {
    control.order({ socketErrno: errno('EMFILE'), socketCount: 2 });
    const client = patientClient();
    await client.connect(claw.url);
    const result = await within(
      20_000,
      'a run whose provider cannot be reached at first',
      client.run({ input: 'x', model: 'text' }).result(),
    );
    if (control.counted('socketsFailed') === 0) found.push('no socket failed');
    if (result.status !== 'completed') found.push(`a run whose provider could not be reached at first ended as ${JSON.stringify(result)}`);
    client.close();
  },
  async memory({ claw, control, random, found }) {
    control.order({ mmapErrno: errno('ENOMEM'), mmapCount: 1 + Math.floor(random.float() * 3) });
    // Work that takes memory; what becomes of it is not asked, since the server may end.
    const client = patientClient();
    await client.connect(claw.url).catch(() => undefined);
    const hungry = [1, 2, 3].map((i) => client.run({ input: `hungry ${i}`, model: 'simulated?tokens=200000&ms=0' }).result());
    await Promise.race([Promise.allSettled(hungry), sleep(3_000)]);
    client.close();
    await Promise.allSettled(hungry);
    if (control.counted('mmapsFailed') === 0) found.push('no mapping of memory failed');
  },
};

/** The store's files cannot be opened: a word for it and an end, not a loop. */
async function refuseOpening(staged: Parameters<typeof tryStage>[0], control: Control): Promise<string[]> {
  control.order({ openErrno: errno('EMFILE'), openCount: -1 });
  const end = await tryStage(staged);
  control.relent();
  if ('url' in end) {
    await end.stop('SIGKILL');
    return ['the server started though it could open no file'];
  }
  return end.code === 1 && /STORE_FAILED/.test(end.complaints) ? [] : [`the server ended with ${end.code}: ${end.complaints}`];
}

/** Connections that say nothing; those that the server does not take are no fault. */
async function crowd(port: number, count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1' }).on('error', () => undefined));
  await sleep(100);
  return sockets;
}
