/** `claw up` on a machine where nothing is configured, but where an Ollama answers. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, expect, test } from 'vitest';
import { OLLAMA } from '../provider/ollama.ts';
import { loadSdkStreams, startSdkProvider } from '../provider/sdk-server.ts';
import { type Claw, startClaw } from './claw.ts';
import { expectedOfOllama } from './expected/ollama.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { ask } from './listen.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));

const folder = makeFolder();
const lines = loadSdkStreams('ollama').get('text') ?? [];
const ollama = await startSdkProvider(
  OLLAMA,
  new Map([
    ['nomic-embed-text', []],
    ['text', lines],
    ['other', lines],
  ]),
);
afterAll(async () => {
  await ollama.close();
  folder[Symbol.dispose]();
});

/** A command in an empty folder, without the variables of this machine. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const command = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning', BIN, ...args];
  const child = spawn(process.execPath, command, {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, err };
}

/** Ollama has 300 ms to answer: where the machine stopped for so long, it is looked for again. */
async function found<T>(look: (tries: number) => Promise<T>, isFound: (seen: T) => boolean | Promise<boolean>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const seen = await look(tries);
    if (tries === 5 || (await isFound(seen))) return seen;
  }
}

async function hasModel(claw: Claw, name: string): Promise<boolean> {
  const { data } = (await fetchJson(`${claw.http}/v1/models`)).body as { readonly data: readonly { readonly id: string }[] };
  if (data.some(({ id }) => id === name)) return true;
  await claw.stop('SIGKILL');
  return false;
}

test('its first model answers, others by their names', async () => {
  const env = { OLLAMA_HOST: new URL(ollama.url).host };
  await using claw = await found(
    (tries) => startClaw({ data: folder.in(`a-${tries}/data`), env }),
    (started) => hasModel(started, 'text'),
  );
  const client = new OpenClawClient();
  await client.connect(claw.url);
  const whole = expectedOfOllama(lines);
  for (const model of [{}, { model: 'other' }]) expect(await ask(client, { input: 'Hi.', ...model })).toMatchObject({ text: whole.text });
  expect(ollama.requests().map(({ model }) => model)).toEqual(['text', 'other']);
  expect((await ask(client, { input: 'Hi.', model: 'simulated?tokens=3&ms=0' })).text.trim().split(' ')).toHaveLength(3);
  client.close();
});

test('a command on its own finds it as well, and doctor says what was chosen and why', async () => {
  const env = { OLLAMA_HOST: ollama.url };
  const { text: whole } = expectedOfOllama(lines);
  const { out } = await found(
    (tries) => run(['run', '--data', `b-${tries}`, 'Hi.'], env),
    (ended) => ended.out.trim() === whole,
  );
  expect(out.trim()).toBe(whole);
  const doctor = await found(
    () => run(['doctor', '--json', '--port', '0'], { ...env, ANTHROPIC_API_KEY: 'sk-none', ANTHROPIC_BASE_URL: ollama.url }),
    (ended) => ended.out.includes('also there: ollama'),
  );
  const { findings } = JSON.parse(doctor.out) as { readonly findings: readonly { readonly name: string; readonly says: string }[] };
  expect(findings.find(({ name }) => name === 'recognised')?.says).toBe(
    `anthropic (ANTHROPIC_API_KEY is set); also there: ollama (OLLAMA_HOST names it, and it answers at ${ollama.url})`,
  );
  expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(['provider anthropic', 'provider ollama']));
});
