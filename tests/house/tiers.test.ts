/** An outage, in a real server: the tiers of recovery are entered and left by themselves, and no run is lost or left hanging. */
import { type RecordOf, type RunRecord } from '@openclaw-runtime/protocol';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { ask, type Heard, kinds } from './listen.ts';

/** How long the provider answers nothing but errors; a minute is tried now and then: `OUTAGE_MS=60000`. */
const OUTAGE_MS = Number(process.env['OUTAGE_MS'] ?? 3_000);
const EVERY_MS = 60;

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50 });
let isDown = false;
let flaky: ScriptedProvider;
let sound: TestProvider;
let claw: Claw;

beforeAll(async () => {
  flaky = await startScriptedProvider(() => (isDown ? { status: 503 } : { text: 'from the first one' }));
  sound = await startProvider();
  const hurried = { retries: { max: 1, baseMs: 5, capMs: 20 }, circuit: { failures: 5, openMs: '200ms' } };
  claw = await startClaw({
    data: folder.in('data'),
    config: {
      providers: {
        flaky: { kind: 'openai', baseUrl: flaky.url, reasoning: 'openai', ...hurried },
        sound: { kind: 'openai', baseUrl: `${sound.url}/v1` },
        patient: { kind: 'openai', baseUrl: `${sound.url}/v1`, retries: hurried.retries, circuit: { failures: 1_000_000 } },
      },
      models: {
        main: { provider: 'flaky', fallback: ['spare'] },
        alone: { provider: 'flaky' },
        spare: { provider: 'sound', name: 'text' },
        odd: { provider: 'patient', name: 'text' },
      },
      defaultModel: 'main',
      tiers: { window: `${OUTAGE_MS * 2}ms`, hold: `${OUTAGE_MS / 6}ms`, least: 6, recoveries: 3 },
    },
  });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await flaky?.[Symbol.asyncDispose]();
  await sound?.close();
  folder[Symbol.dispose]();
});

interface Fares {
  readonly of: string;
  readonly name: string;
  readonly tier: number;
}

async function tierOf(model: string): Promise<number> {
  const { body } = await fetchJson(`${claw.http}/v1/tiers`);
  return (body as { readonly tiers: readonly Fares[] }).tiers.find(({ of, name }) => of === 'model' && name === model)?.tier ?? 0;
}

const tiersIn = ({ records }: Heard): readonly RecordOf<'tier.changed'>['data'][] =>
  records.filter((record: RunRecord) => record.kind === 'tier.changed').map(({ data }) => data);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('an outage walks the tiers from 0 to 3 and back, and every run comes to its end', { timeout: OUTAGE_MS * 10 + 20_000 }, async () => {
  const walk: number[] = [0];
  const runs: Promise<Heard>[] = [];
  const lonely: Promise<Heard>[] = [];
  const told: number[] = [];
  client.on('tier', (tier, meta) => meta && told.push(tier));
  const traffic = async (until: () => boolean): Promise<void> => {
    for (let n = 0; !until(); n++) {
      runs.push(ask(client, { input: 'hi', level: 4 }));
      if (n % 4 === 0) lonely.push(ask(client, { input: 'hi', model: 'alone' }));
      await wait(EVERY_MS);
      const tier = await tierOf('main');
      if (walk.at(-1) !== tier) walk.push(tier);
    }
  };
  const after = (ms: number) => {
    const end = Date.now() + ms;
    return () => Date.now() >= end;
  };

  await traffic(after(OUTAGE_MS / 6));
  isDown = true;
  const over = after(OUTAGE_MS);
  // On a slow machine fewer come in the same time.
  const enough = runs.length + 30;
  await traffic(() => over() && runs.length >= enough);
  expect(walk).toContain(3);
  isDown = false;
  const late = after(OUTAGE_MS * 6);
  await traffic(() => walk.at(-1) === 0 || late());
  expect(walk).toEqual(walk.includes(1) && walk.indexOf(1) < walk.indexOf(3) ? [0, 1, 3, 1, 0] : [0, 3, 1, 0]);

  const heard = await Promise.all(runs);
  expect(heard.filter(({ result }) => result.status !== 'completed')).toEqual([]);
  const whole = heard.filter((each) => tiersIn(each).some(({ tier }) => tier === 3));
  expect(whole.length).toBeGreaterThan(5);
  expect(told).toContain(3);
  const [first] = whole;
  expect(tiersIn(first as Heard)).toEqual([
    { tier: 3, from: 0, of: 'model', name: 'main', why: expect.stringContaining('went wrong') as string },
  ]);
  // Asked at level 1 whatever was wanted, and elsewhere: those that began in it, not those that came into it on their way.
  const begun = whole.filter(({ records }) => records[1]?.kind === 'tier.changed');
  const spared = begun.filter(({ records }) =>
    records.some((each) => each.kind === 'step.retried' && each.data.error.code === 'CIRCUIT_OPEN' && each.data.model === 'spare'),
  );
  expect(spared.length).toBeGreaterThan(5);
  for (const { records } of begun)
    expect(records.find(({ kind }) => kind === 'level.chosen')?.data).toMatchObject({ level: 1, wanted: 4, caps: ['tier'] });
  // Nothing of an answer that comes whole is taken back.
  expect(whole.every((each) => kinds(each).filter((kind) => kind === 'step.started').length === 1)).toBe(true);

  // Those that have no other model end with an error that says so, at once; none hangs.
  const alone = await Promise.all(lonely);
  const failed = alone.filter(({ result }) => result.status !== 'completed');
  expect(failed.length).toBeGreaterThan(0);
  for (const { result } of failed) expect(result.error?.code).toMatch(/^(PROVIDER_FAILED|CIRCUIT_OPEN|NO_PROGRESS)$/);
  const { body } = await fetchJson(`${claw.http}/v1/runs?status=running`);
  expect(body).toMatchObject({ runs: [] });
  expect((await ask(client, { input: 'hi' })).text).toBe('from the first one');
});

test('a request at which a model always fails does not decide for all the others', { timeout: 30_000 }, async () => {
  const poisoned = await Promise.all([1, 2, 3].map(() => ask(client, { input: 'hi', model: 'odd?status=503' })));
  expect(poisoned.map(({ result }) => result.error?.code)).toEqual(['PROVIDER_FAILED', 'PROVIDER_FAILED', 'PROVIDER_FAILED']);
  // As many tries as calls would be enough.
  expect(poisoned.flatMap(kinds).filter((kind) => kind === 'step.retried')).toHaveLength(3);
  expect(await tierOf('odd')).toBe(1);
  const other = await ask(client, { input: 'hi', model: 'odd' });
  expect(other.result.status).toBe('completed');
  expect(tiersIn(other)).toEqual([]);
});
