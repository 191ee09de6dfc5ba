/** The samples of the client, as they are written down, in processes of their own against a real server. */
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openProxy } from '../faults/wire/proxy.ts';
import { type Speak, type SpokenProvider, startSpokenProvider } from '../provider/spoken.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { openHeldDoor } from './held-door.ts';
import { fetchJson } from './http.ts';
import { type Program, startProgram } from './program.ts';

const folder = makeFolder();
const programs: Program[] = [];
const JSON_TYPE = { 'content-type': 'application/json' };
const WORDS = Array.from({ length: 60 }, (_, i) => `word${i} `);
let provider: SpokenProvider;
let speak: Speak;
let claw: Claw;
/** Its attempts take their time: it begins first and is looked at last. */
let refused: Program;

beforeAll(async () => {
  refused = start('reconnect', 'ws://127.0.0.1:9');
  provider = await startSpokenProvider((say, request) => speak(say, request));
  claw = await startClaw({ data: folder.in('data'), config: config() });
});
afterAll(async () => {
  await refused.kill();
  await claw?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});
afterEach(() => Promise.all(programs.splice(0).map((program) => program.kill())));

const config = (): object => ({
  providers: { spoken: { kind: 'openai', baseUrl: provider.url } },
  models: { spoken: { provider: 'spoken' } },
});

/** A sample for which `agent://production/cluster-a` is at `url`. */
function start(sample: string, url: string, cluster = 'production/cluster-a'): Program {
  const file = fileURLToPath(new URL(`../../examples/seed/${sample}.ts`, import.meta.url));
  return startProgram(file, { cwd: folder.path, env: { OPENCLAW_CLUSTERS: JSON.stringify({ [cluster]: [url] }) } });
}

function run(sample: string, url: string, cluster?: string): Program {
  const program = start(sample, url, cluster);
  programs.push(program);
  return program;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Word by word. */
const drip: Speak = async (say) => {
  for (const word of WORDS) {
    say(word);
    await sleep(10);
  }
};

test('tokens are shown while the model still speaks, to the end', async () => {
  const shown = Promise.withResolvers<void>();
  speak = async (say) => {
    say('The sky ');
    await shown.promise;
    say('is ', 'blue.');
  };
  const sample = run('streaming', claw.url);
  await sample.prints(/^The sky $/);
  shown.resolve();
  expect(await sample.ended).toEqual({ code: 0, out: 'The sky is blue.', err: '' });
});

test('a connection that drops is made again by the listener: nothing is lost, nothing comes twice', async () => {
  speak = drip;
  const cuts = [900, 900];
  await using proxy = await openProxy(claw.port, (n) => {
    const bytes = cuts[n];
    return bytes === undefined ? {} : { cut: { toward: 'client', bytes, how: 'reset' } };
  });
  const { code, out, err } = await run('recovery', proxy.url).ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const told = out.match(/Reconnecting\.\.\. Attempt \d+\n/g) ?? [];
  expect(told.length).toBeGreaterThanOrEqual(proxy.cuts());
  expect(proxy.cuts()).toBe(2);
  expect(out.replaceAll(/Reconnecting\.\.\. Attempt \d+\n/g, '')).toBe(WORDS.join(''));
});

test('ten tokens are a batch, or what came in twenty milliseconds; the first does not wait', async () => {
  const shown = Promise.withResolvers<void>();
  speak = async (say) => {
    say('first ');
    await shown.promise;
    say(...WORDS.slice(0, 25));
    // What came before is shown, as nothing else comes.
    for (const i of [25, 26, 27]) {
      await sample.prints(new RegExp(`word${i - 1} "\\n`));
      say(WORDS[i] ?? '');
    }
  };
  const sample = run('batches', claw.url);
  await sample.prints(/"first "\n/);
  shown.resolve();
  const { code, out, err } = await sample.ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const batches = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
  expect(batches.join('')).toBe(`first ${WORDS.slice(0, 28).join('')}`);
  const sizes = batches.map((batch) => batch.trim().split(' ').length);
  expect(sizes[0]).toBe(1);
  expect(Math.max(...sizes)).toBe(10);
  // Those that came alone left alone: the delay was over before the next.
  expect(sizes.slice(-3)).toEqual([1, 1, 1]);
});

test('over WebSocket the first of an answer is there within 0.3 s on average, where HTTP POST has all of it at once', async () => {
  speak = async (say) => {
    say('The sky ');
    await sleep(600);
    say('is blue.');
  };
  const client = new OpenClawClient();
  await client.connect(claw.url);
  const mean = async (ask: () => Promise<unknown>): Promise<number> => {
    const at = performance.now();
    const waits = await Promise.all(Array.from({ length: 10 }, () => ask().then(() => performance.now() - at)));
    return waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  };
  // That of the round that was disturbed least: a machine that stops for a moment says nothing of the server.
  let webSocket = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5 && webSocket >= 300; round++) {
    const found = await mean(async () => {
      for await (const { kind } of client.send('Why is the sky blue?')) if (kind === 'text') return;
    });
    webSocket = Math.min(webSocket, found);
  }
  const json = { model: 'agent:default', messages: [{ role: 'user', content: 'Why is the sky blue?' }] };
  const post = await mean(() => fetchJson(`${claw.http}/v1/chat/completions`, { method: 'POST', headers: JSON_TYPE, json }));
  client.close();
  expect(webSocket).toBeLessThan(300);
  expect(post).toBeGreaterThan(600);
});

test('an address that is not known is an error that lists those that are', async () => {
  const { code, err } = await run('streaming', claw.url, 'production/cluster-b').ended;
  expect(code).toBe(1);
  expect(err).toContain('UNKNOWN_CLUSTER');
  expect(err).toContain("No cluster 'production/cluster-a'. Known: production/cluster-b.");
});

test('a server that is killed and started again is found by the client itself, and the answer goes on', async () => {
  const killed = Promise.withResolvers<void>();
  speak = async (say) => {
    for (const [i, word] of WORDS.entries()) {
      if (i === 30) await killed.promise;
      say(word);
      await sleep(10);
    }
  };
  await using door = await openHeldDoor(claw.port);
  const sample = run('reconnect', door.url);
  await sample.prints(/word20/);
  await claw.stop('SIGKILL');
  killed.resolve();
  claw = await startClaw({ data: folder.in('data'), config: config(), port: claw.port });
  const { code, out, err } = await sample.ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const notes = /STREAM_DISCONNECTED\n|attempt \d+\n|connected at attempt \d+\n/g;
  expect(out.match(notes)).toEqual(['STREAM_DISCONNECTED\n', 'attempt 1\n', 'connected at attempt 1\n']);
  expect(out.replaceAll(notes, '')).toBe(WORDS.join(''));
});

test('after five attempts it gives up, and says so once', async () => {
  const attempts = [1, 2, 3, 4, 5].map((n) => `attempt ${n}\n`).join('');
  expect(await refused.ended).toEqual({ code: 0, out: `${attempts}RECONNECT_FAILED\ngave up\n`, err: '' });
});
