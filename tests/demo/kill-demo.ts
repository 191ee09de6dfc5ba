// Streams an answer, kills the server in the middle with SIGKILL, starts it again, and compares the whole with a run that nobody killed.
//   npm run demo
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenClawClient } from 'openclaw-runtime';
import { type Server, startServer } from './server.ts';

const PROMPT = 'What happens when the server dies?';
/** Characters after which the server is killed. */
const KILL_AT = 120;
/** Long enough to see that the answer stands still. */
const GONE_MS = 700;

const paint = process.stdout.isTTY
  ? { dim: '\u001b[2m', red: '\u001b[31m', green: '\u001b[32m', plain: '\u001b[0m' }
  : { dim: '', red: '', green: '', plain: '' };
const say = (line: string, color = paint.dim): boolean => process.stdout.write(`${color}${line}${paint.plain}\n`);

const data = mkdtempSync(join(tmpdir(), 'openclaw-demo-'));
const servers: Server[] = [];
try {
  process.exitCode = (await demonstrate()) ? 0 : 1;
} finally {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(data, { recursive: true, force: true });
}

async function demonstrate(): Promise<boolean> {
  const first = await start();
  say(`A server with the simulated model runs as process ${first.pid} at ${first.url}.`);
  say(`prompt  ${PROMPT}\n`);

  const client = new OpenClawClient({ reconnectDelay: 250, maxReconnectAttempts: 60 });
  const seen: string[] = [];
  const enough = Promise.withResolvers<void>();
  client.on('token', (token) => {
    process.stdout.write(token);
    seen.push(token);
    if (seen.join('').length >= KILL_AT) enough.resolve();
  });
  client.on('reconnected', () => say('\n  connected again, the answer goes on\n'));

  await client.connect(first.url);
  const run = client.run({ input: PROMPT });
  const ended = run.result();
  await Promise.race([enough.promise, ended]);
  await first.kill();
  say(`\n\n  kill -9 ${first.pid}`, paint.red);
  await new Promise((resolve) => setTimeout(resolve, GONE_MS));
  const second = await start(Number(new URL(first.url).port));
  say(`  started again as process ${second.pid}, same port, same data`);

  const killed = await ended;
  const unkilled = await answerOf(second.url);
  client.close();
  return verdict(killed.text, seen.join(''), unkilled);
}

async function start(port?: number): Promise<Server> {
  const server = await startServer(data, port);
  servers.push(server);
  return server;
}

async function answerOf(url: string): Promise<string> {
  say('\n\nThe same prompt once more, and nobody kills anything …');
  const client = new OpenClawClient();
  await client.connect(url);
  const text = await client.run({ input: PROMPT }).text();
  client.close();
  return text;
}

function verdict(killed: string, seen: string, unkilled: string): boolean {
  const isEqual = killed === unkilled && seen === unkilled;
  if (isEqual) say(`Equal: ${unkilled.length} characters, none lost, none twice.`, paint.green);
  else {
    say('The answers differ.', paint.red);
    for (const [name, text] of Object.entries({ killed, seen, unkilled })) say(`  ${name} (${text.length}): ${text}`);
  }
  return isEqual;
}
