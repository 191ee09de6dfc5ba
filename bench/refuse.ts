// What refusing costs: CPU of a gateway for each run that it refuses early, over HTTP and over a WebSocket, with the limit of a key used up.
// node --conditions=openclaw-source bench/refuse.ts
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { startGateway } from '@openclaw-runtime/gateway';
import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { createMemoryStore } from '@openclaw-runtime/store';
import WebSocket from 'ws';
import { round } from './percentile.ts';

export interface RefuseReport {
  /** CPU of the server for one refusal, microseconds, user and system, all threads. */
  readonly httpMicros: number;
  readonly socketMicros: number;
  readonly refusals: number;
}

const REFUSALS = 20_000;
/** Of a request that is refused: it is not read. */
const BODY = JSON.stringify({ input: 'x'.repeat(2_000) });

export async function measureRefusals(): Promise<RefuseReport> {
  const gateway = await startGateway({
    store: createMemoryStore(),
    clock: systemClock,
    random: systemRandom,
    host: '127.0.0.1',
    port: 0,
    serverName: 'bench',
    admission: { all: { perTenant: { runsPerSecond: 1 } } },
    onDefect: (id, error) => process.stderr.write(`${id} ${String(error)}\n`),
  });
  const refuse = async (way: 'http' | 'socket', count: number): Promise<number> => {
    const before = process.cpuUsage();
    const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, way, String(gateway.port), String(count)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'exit')) as [number];
    if (code !== 0) throw new Error(`the client ended with ${code}`);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  await refuse('http', 2_000);
  await refuse('socket', 2_000);
  const httpMicros = round(await refuse('http', REFUSALS));
  const socketMicros = round(await refuse('socket', REFUSALS));
  await gateway.close();
  return { httpMicros, socketMicros, refusals: REFUSALS };
}

/** In a process of its own, so that its CPU is not the server's. */
async function ask(way: string, port: number, count: number): Promise<void> {
  if (way === 'socket') return askBySocket(port, count);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let left = count;
  let refused = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) };
      const sent = httpRequest({ port, method: 'POST', path: '/v1/runs', agent, headers }, (response) => {
        if (response.statusCode === 429) refused++;
        response.resume().on('end', resolve);
      });
      sent.on('error', reject).end(BODY);
    });
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await one();
    }),
  );
  agent.destroy();
  if (refused < count - 20) throw new Error(`only ${refused} of ${count} were refused`);
}

async function askBySocket(port: number, count: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, SUBPROTOCOL, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'bench' }));
  let refused = 0;
  let sent = 0;
  const done = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      if (!data.includes('"RATE_LIMITED"')) return;
      if (++refused >= count - 10) resolve();
    });
  });
  const more = setInterval(() => {
    for (let i = 0; i < 40 && sent < count; i++) socket.send(`{"t":"start","ch":${(++sent % 1_000) + 1},"idem":"i${sent}","run":${BODY}}`);
  }, 10);
  await done;
  clearInterval(more);
  socket.terminate();
}

if (import.meta.main) {
  const [way, port, count] = process.argv.slice(2);
  if (way === undefined) process.stdout.write(`${JSON.stringify(await measureRefusals())}\n`);
  else await ask(way, Number(port), Number(count));
}
