/** The samples about agents on threads, as they are written down: each with a house inside its process, and each against a server that is there. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type AgentSnapshot, createHouse, OpenClawAgent, type TaskOutcome } from 'openclaw-runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { type Claw, startClaw } from './claw.ts';
import { crew } from './crew.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { type Program, printed, startProgram } from './program.ts';

const root = makeFolder();
let provider: ScriptedProvider;
let claw: Claw;
let cwd: string;
let folders = 0;
const programs: Program[] = [];

const module = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const TOKEN = 'of-the-house';
const AGENTS = {
  snapshots: module('../../examples/seed/trainer.ts'),
  restore: module('samples/frail-trainer.ts'),
};

const configOf = (agents: object): object => ({
  providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
  models: { scripted: { provider: 'scripted' } },
  threads: { max: 2 },
  tools: { fs: { writable: true } },
  agents,
});

beforeAll(async () => {
  provider = await startScriptedProvider(crew());
  const agents = { snapshots: { module: AGENTS.snapshots }, restore: { module: AGENTS.restore } };
  claw = await startClaw({ data: root.in('server/data'), config: configOf(agents) });
});
afterAll(async () => {
  await claw?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  root[Symbol.dispose]();
});
beforeEach(() => {
  cwd = root.in(`program-${++folders}`);
  mkdirSync(cwd);
});
afterEach(() => Promise.all(programs.splice(0).map((program) => program.kill())));

/** A sample in a folder of its own, with a house there unless variables say another. */
function start(sample: string, env: Readonly<Record<string, string>> = {}): Program {
  const program = startProgram(module(`../../examples/seed/${sample}.ts`), { cwd, env });
  programs.push(program);
  return program;
}

const configure = (agents: object): void => writeFileSync(join(cwd, 'openclaw.yaml'), JSON.stringify(configOf(agents)));

describe('with a house in the process', () => {
  test('an agent with snapshots carries out an operation', async () => {
    const { code, out, err } = await start('snapshots', { OPENCLAW_CONFIG: module('../../examples/seed/openclaw.yaml') }).ended;
    expect({ code, out: JSON.parse(out || err) as unknown }).toEqual({ code: 0, out: { epoch: 5, loss: 1 / 32 } });
  });

  test('what failed goes on from its latest snapshot', async () => {
    configure({ default: { module: AGENTS.restore } });
    const { state, run } = await printed<AgentSnapshot>(start('restore'));
    expect(state).toEqual({ epoch: 5, begunAt: [0, 3] });
    expect(run).toMatch(/^[\w-]{22}$/);
  });

  test('a pool has three agents work until the reviewer accepts', async () => {
    configure({});
    const task = await printed<TaskOutcome>(start('pool'));
    expectAccepted(task);
    expectWritten(cwd, task);
  });
});

describe('as the guest of a server', () => {
  /** Its default agent is the one that the address names. */
  const address = (agent: string): string => `agent://production/cluster-a/${agent}`;

  test('a pool has three agents work there until the reviewer accepts', async () => {
    const task = await printed<TaskOutcome>(start('pool', { OPENCLAW_URL: claw.url }));
    expectAccepted(task);
    expectWritten(root.in('server'), task);
    expect(existsSync(join(cwd, '.openclaw'))).toBe(false);
  });

  test('agents carry out operations there, go on from snapshots, and open no folder here', async () => {
    writeFileSync(join(cwd, 'openclaw.yaml'), JSON.stringify({ clusters: { 'production/cluster-a': ['ws://127.0.0.1:9', claw.url] } }));
    const at = { config: join(cwd, 'openclaw.yaml'), data: join(cwd, 'data') };
    await using house = createHouse({ ...at, connect: 'agent://production/cluster-a' });
    const trainer = new OpenClawAgent({ name: 'snapshots', house });
    expect((await trainer.execute({ operation: 'train-model', useSnapshot: true })).value).toEqual({ epoch: 5, loss: 1 / 32 });
    const frail = new OpenClawAgent({ name: 'restore', house });
    await expect(frail.execute({ operation: 'train-model' })).rejects.toThrow('the disk was full, say');
    expect((await frail.resumeFrom(await frail.loadSnapshot())).value).toEqual({ epoch: 5, begunAt: [0, 3] });
    expect(existsSync(join(cwd, 'data'))).toBe(false);
  });

  test('the third part of an address is the agent; one that is not there is named', async () => {
    const clusters = { 'production/cluster-a': [claw.url] };
    const { OPENCLAW_CLUSTERS: before } = process.env;
    process.env['OPENCLAW_CLUSTERS'] = JSON.stringify(clusters);
    try {
      await using trainer = new OpenClawAgent({ connect: address('snapshots') });
      expect((await trainer.execute({ operation: 'train-model' })).value).toMatchObject({ epoch: 5 });
      await using nobody = new OpenClawAgent({ connect: address('nobody'), instructions: 'Be kind.' });
      await expect(nobody.execute('Hi.')).rejects.toThrow(
        `The server at ${claw.url} knows agents from its own configuration: set agents.nobody there.`,
      );
      await using lost = new OpenClawAgent({ connect: 'agent://production/cluster-b' });
      await expect(lost.execute('Hi.')).rejects.toMatchObject({
        code: 'UNKNOWN_CLUSTER',
        message: expect.stringContaining('Known: production/cluster-a'),
      });
    } finally {
      if (before === undefined) delete process.env['OPENCLAW_CLUSTERS'];
      else process.env['OPENCLAW_CLUSTERS'] = before;
    }
  });

  test('its runs outlive the death of that server', async () => {
    const config = { server: { token: TOKEN } };
    writeFileSync(root.in('no.yaml'), '');
    await using mortal = await startClaw({ data: root.in('mortal/data'), config });
    await using house = createHouse({ connect: mortal.url, token: TOKEN, config: root.in('no.yaml'), data: root.in('no') });
    const agent = new OpenClawAgent({ house });
    const model = 'simulated?tokens=40&ms=1000';
    const begun = agent.execute({ query: 'Hi.', model });
    begun.catch(() => undefined);
    await untilSaid(mortal);
    await mortal.stop('SIGKILL');
    await using again = await startClaw({ data: root.in('mortal/data'), config, port: mortal.port });
    const { text } = await begun;
    expect(text.trim().split(' ')).toHaveLength(40);
    expect((await agent.execute({ query: 'Hi.', model })).text).toBe(text);
    expect(again.port).toBe(mortal.port);
    await using stranger = createHouse({ connect: again.url, config: root.in('no.yaml'), data: root.in('no') });
    await expect(new OpenClawAgent({ house: stranger }).execute('Hi.')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('where no server answers that is said at once', async () => {
    await using agent = new OpenClawAgent({ connect: 'ws://127.0.0.1:9' });
    await expect(agent.execute('Hi.')).rejects.toMatchObject({
      code: 'STREAM_DISCONNECTED',
      message: expect.stringContaining('No server answers at ws://127.0.0.1:9.'),
    });
  });
});

/** Resolves when the newest run of a server has said something. */
async function untilSaid({ http }: Claw): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  for (;;) {
    const { runs } = (await fetchJson(`${http}/v1/runs`, { headers })).body as { readonly runs: readonly { readonly head: number }[] };
    // It was asked, begun, and has said something.
    if ((runs[0]?.head ?? 0) > 4) return;
    await sleep(20);
  }
}

function expectAccepted(task: TaskOutcome): void {
  expect(task).toMatchObject({
    accepted: true,
    rounds: 2,
    results: {
      coder: { status: 'completed', text: 'Wrote x.js.' },
      tester: { status: 'completed', text: 'Nothing was run: there is no tool for it.' },
      reviewer: { status: 'completed', verdict: { accept: true, summary: 'It does what was asked.', findings: [] } },
    },
  });
}

/** One workspace for all of the task, which is that of its own run. */
function expectWritten(home: string, task: TaskOutcome): void {
  const [file = ''] = globSync('{.openclaw,data}/workspaces/*/*/x.js', { cwd: home });
  expect(file).toContain(task.run);
  expect(readFileSync(join(home, file), 'utf8')).toBe('export const x = 2;\n');
}
