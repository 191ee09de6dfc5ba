// What locks cost: CPU of a gateway for each request with a key, limits and the audit log, against one that lets everybody in, in turns.
// node --conditions=openclaw-source bench/doors.ts
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditLog } from '@openclaw-runtime/audit';
import { type Gateway, KEYED_LIMITS, startGateway } from '@openclaw-runtime/gateway';
import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { createMemoryStore } from '@openclaw-runtime/store';
import WebSocket from 'ws';
import { createAuditDisk } from '../packages/cli/src/machine/audit-disk.ts';
import { percentile, round } from './percentile.ts';

export interface DoorsReport {
  /** CPU for one request, microseconds, user and system, all threads; the median of the rounds. */
  readonly http: Cost;
  /** For one frame of a socket that is known. */
  readonly socket: Cost;
}

interface Cost {
  readonly openMicros: number;
  readonly lockedMicros: number;
  readonly addedMicros: number;
  readonly ratio: number;
}

const ROUNDS = 7;
const REQUESTS = { http: 4_000, socket: 8_000 } as const;
const RATE = 1_000_000;
/** Far away, so that nothing is refused. */
const LIMITS = { connections: RATE, messagesPerSecond: RATE, bytesPerSecond: 1e12, runsPerSecond: RATE, concurrentRuns: RATE };

export async function measureDoors(): Promise<DoorsReport> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'openclaw-doors-'));
  const disk = createAuditDisk(folder);
  const audit = await openAuditLog({ disk, clock: systemClock, random: systemRandom, policy: () => 'bench', tell: () => undefined });
  const master = `local_${'m'.repeat(44)}`;
  const open = await gatewayWith({});
  const all = { perKey: LIMITS, perTenant: LIMITS, perAddress: LIMITS };
  const locked = await gatewayWith({ localKey: master, audit, admission: { keyed: KEYED_LIMITS, all } });
  const issued = await fetch(`http://127.0.0.1:${locked.port}/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${master}` },
    body: JSON.stringify({ name: 'bench' }),
  });
  const { text: key } = (await issued.json()) as { readonly text: string };
  try {
    return { http: await compare('http', open, locked, key), socket: await compare('socket', open, locked, key) };
  } finally {
    await open.close();
    await locked.close();
    await audit[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(way: keyof typeof REQUESTS, open: Gateway, locked: Gateway, key: string): Promise<Cost> {
  const costs = { open: [] as number[], locked: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    const inTurn = round % 2 === 0 ? (['open', 'locked'] as const) : (['locked', 'open'] as const);
    for (const which of inTurn) {
      const { port } = which === 'open' ? open : locked;
      const before = process.cpuUsage();
      await ask(way, port, which === 'open' ? '' : key);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) costs[which].push((user + system) / REQUESTS[way]);
    }
  }
  const [openMicros, lockedMicros] = [percentile(costs.open, 0.5), percentile(costs.locked, 0.5)];
  return { openMicros, lockedMicros, addedMicros: round(lockedMicros - openMicros), ratio: round(lockedMicros / openMicros) };
}

async function gatewayWith(options: Partial<Parameters<typeof startGateway>[0]>): Promise<Gateway> {
  const store = createMemoryStore();
  await store.state.put('_house', 'catalogue', JSON.stringify({ agents: [{ name: 'default' }] }), 0);
  return startGateway({
    store,
    clock: systemClock,
    random: systemRandom,
    host: '127.0.0.1',
    port: 0,
    serverName: 'bench',
    onDefect: (id, error) => process.stderr.write(`${id} ${String(error)}\n`),
    ...options,
  });
}

async function ask(way: string, port: number, key: string): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, way, String(port), key], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`the client ended with ${code}`);
}

/** In a process of its own, so that its CPU is not the server's. */
async function askByHttp(port: number, key: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const headers = key === '' ? {} : { authorization: `Bearer ${key}` };
  let left: number = REQUESTS.http;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ port, path: '/v1/budgets', agent, headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`it answered ${response.statusCode}`));
        response.resume().on('end', resolve);
      });
      sent.on('error', reject).end();
    });
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await one();
    }),
  );
  agent.destroy();
}

async function askBySocket(port: number, key: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, SUBPROTOCOL, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'bench', ...(key !== '' && { token: key }) }));
  let answered = 0;
  let sent = 0;
  const run = 'x'.repeat(22);
  const done = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      if (data.includes('"NOT_FOUND"') && ++answered === REQUESTS.socket) resolve();
    });
  });
  const more = setInterval(() => {
    for (let i = 0; i < 45 && sent < REQUESTS.socket; i++) socket.send(`{"t":"command","run":"${run}","id":"c${sent++}","kind":"cancel"}`);
  }, 10);
  await done;
  clearInterval(more);
  socket.terminate();
}

if (import.meta.main) {
  const [way, port, key = ''] = process.argv.slice(2);
  if (way === 'http') await askByHttp(Number(port), key);
  else if (way === 'socket') await askBySocket(Number(port), key);
  else process.stdout.write(`${JSON.stringify(await measureDoors(), undefined, 2)}\n`);
}
