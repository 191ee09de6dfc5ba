// Messages to runs while the server is killed. OPENCLAW_SEND_KILLS says how often (60), OPENCLAW_SEED where chance begins.
import { fileURLToPath } from 'node:url';
import { decodeRecord, type Payloads, type RunRecord, type WireRecord } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { runSendArena } from './send/arena.ts';
import { judgeMessages, type Sent } from './send/judge.ts';

const KILLS = Number(process.env.OPENCLAW_SEND_KILLS ?? 60);
const SEED = Number(process.env.OPENCLAW_SEED ?? Date.now() % 1_000_000);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test(`3.8 ${KILLS} kills of the server lose no acknowledged message, answer none twice, and every run ends`, async () => {
  console.log(`again: OPENCLAW_SEED=${SEED} OPENCLAW_SEND_KILLS=${KILLS} npx vitest run --project faults tests/faults/send.test.ts`);
  const report = await runSendArena({ root: ROOT, seed: SEED, kills: KILLS, inFlight: 8, healMs: 30_000 });
  const { kills, runs, accepted, refused, interrupted, resumed, violations } = report;
  console.log(
    `${kills} kills, ${runs} runs, ${accepted} messages accepted, ${refused} refused, ${interrupted} steps interrupted, ${resumed} resumed (seed ${SEED})`,
  );
  expect(violations).toEqual([]);
  // About half of the kills wait for a message to be accepted, however slow the machine is.
  expect(accepted).toBeGreaterThan(kills / 2);
  expect(interrupted).toBeGreaterThan(0);
  expect(resumed).toBeGreaterThan(kills / 3);
});

const usage: Payloads['step.ended']['usage'] = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
const GIVEN: WireRecord = ['message.given', 0, 0, { command: 'a', mode: 'queue', text: 'A' }];
const ANSWERED: WireRecord = ['step.started', 2, 1, { model: 'm', answers: ['a'] }];
const STEP: readonly WireRecord[] = [
  ['run.created', 0, 0, {}],
  ['step.started', 1, 1, { model: 'm' }],
];
const endOf = (step: number, finish = 'stop'): WireRecord => ['step.ended', step, 1, { finish, usage }];
const END: WireRecord = ['run.finished', 0, 0, { status: 'completed', reason: 'stop', usage }];
const sentA: Sent = { id: 'a', mode: 'queue', text: 'A', sentAt: 1, answeredAt: 2, answer: 'ok' };
const logOf = (wires: readonly WireRecord[]): RunRecord[] => wires.map((wire, i) => decodeRecord(wire, i + 1));
const GOOD: readonly WireRecord[] = [...STEP, GIVEN, endOf(1), ANSWERED, endOf(2), END];

test('the judge finds nothing in a sound log', () => {
  expect(judgeMessages(logOf(GOOD), [sentA])).toEqual([]);
});

test.each<[says: string, log: readonly WireRecord[], sent: readonly Sent[]]>([
  ['is given 0 times', [...STEP, endOf(1), END], [sentA]],
  ['is given 2 times', [...STEP, GIVEN, ...GOOD.slice(2)], [sentA]],
  ['is answered by 0 steps', [...STEP, GIVEN, endOf(1), END], [sentA]],
  ['is answered by 2 steps', [...GOOD.slice(0, -1), ['step.started', 3, 1, { model: 'm', answers: ['a'] }], endOf(3), END], [sentA]],
  ['is given as something else', GOOD, [{ ...sentA, text: 'B' }]],
  ['was refused and is given', GOOD, [{ ...sentA, answer: 'RUN_FINISHED' }]],
  ['was refused with INTERNAL', [...STEP, endOf(1), END], [{ ...sentA, answer: 'INTERNAL' }]],
  ['nobody sent it', GOOD, []],
  ['while step 1 goes on', GOOD.filter((record) => record !== GOOD[3]), [sentA]],
  ['names what it answers', [...STEP, ['step.started', 1, 2, { model: 'm', supersedes: 1, answers: [] }], endOf(1), END], []],
  ['interrupted by nobody', [...STEP, GIVEN, endOf(1, 'interrupted'), ANSWERED, endOf(2), END], [sentA]],
  ['is of step 1, open is 0', [...STEP, endOf(1), ['text', 1, 1, 'late'], END], []],
  ['the run ended as undefined', GOOD.slice(0, -1), [sentA]],
  ['follows the end', [...GOOD, GIVEN], [sentA]],
])('the judge finds that something %s', (says, log, sent) => {
  expect(judgeMessages(logOf(log), sent).join('\n')).toContain(says);
});

test('the judge finds a message that overtook one which was acknowledged before it was sent', () => {
  const givenB: WireRecord = ['message.given', 0, 0, { command: 'b', mode: 'steer', text: 'B' }];
  const sentB: Sent = { id: 'b', mode: 'steer', text: 'B', sentAt: 3, answeredAt: 4, answer: 'ok' };
  const answered: WireRecord = ['step.started', 2, 1, { model: 'm', answers: ['b'] }];
  const rest: readonly WireRecord[] = [endOf(1), answered, endOf(2), ['step.started', 3, 1, { model: 'm', answers: ['a'] }], endOf(3), END];
  expect(judgeMessages(logOf([...STEP, GIVEN, givenB, ...rest]), [sentA, sentB])).toEqual([]);
  expect(judgeMessages(logOf([...STEP, givenB, GIVEN, ...rest]), [sentA, sentB]).join()).toContain('b was sent when a was acknowledged');
});
