import type { ModelRequest } from '@openclaw-runtime/model';
import { applyRecord, type ErrorCode, emptyFold, foldText, foldThinking, OpenClawError, type RunRecord } from '@openclaw-runtime/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createArena, Died, type Models, type Play, type StepArena } from './arena.ts';
import { said } from './house.ts';

const SEED = 20_260_417;
const RUNS = 600;
const LIMITS = { attempts: 12, noProgressAttempts: 4, regeneratedChars: 400 };

type End = 'done' | 'die' | 'refused' | 'unauthorized' | 'forgotten' | ErrorCode;

/** What one call does: it says so many pieces, and ends so. */
interface Deed {
  readonly pieces: number;
  readonly end: End;
  /** Another answer than the last time. */
  readonly isOther: boolean;
  readonly thinks: boolean;
}

const BREAKS: readonly End[] = ['PROVIDER_FAILED', 'PROVIDER_TIMEOUT', 'PROVIDER_MALFORMED', 'PROVIDER_RATE_LIMITED'];
/** Before anything was sent. */
const AT_ONCE: ReadonlySet<End> = new Set(['CIRCUIT_OPEN', 'RATE_LIMITED', 'refused', 'unauthorized', 'forgotten']);

const deed = (ends: readonly End[]): fc.Arbitrary<Deed> =>
  fc.record({ pieces: fc.nat(6), end: fc.constantFrom(...ends), isOther: fc.boolean(), thinks: fc.boolean() });
const deeds = fc.array(deed(['done', 'die', 'die', ...BREAKS, 'CIRCUIT_OPEN', 'RATE_LIMITED', 'unauthorized', 'forgotten']), {
  minLength: 1,
  maxLength: 10,
});
const modelsOf = fc
  .array(fc.record({ prefix: fc.boolean(), attach: fc.boolean() }), { minLength: 1, maxLength: 3 })
  .map((all) => Object.fromEntries(all.map((can, i) => [`m${i}`, { ...can, fallbacks: i === 0 ? all.map((_, j) => `m${j}`) : [] }])));

interface Said {
  readonly model: string;
  readonly text: string;
  readonly thinking: string;
}

/** Providers that do what the deeds say, one after the other and then again from the first. */
function createProviders(script: readonly Deed[]) {
  const answers: Said[] = [];
  const kept = new Map<string, Said>();
  let last: Said = { model: '', text: '', thinking: '' };
  const tally = { begun: 0 };
  const play: Play = (request, sink, call) => {
    if (call > 400) throw new Error('it never ends');
    const { pieces, end, isOther, thinks } = script[(call - 1) % script.length] as Deed;
    if (AT_ONCE.has(end)) throw failureOf(end, request);
    const { prefix } = request;
    if (prefix !== undefined && !answers.some(({ model, text }) => model === request.model && text.startsWith(prefix)))
      throw new Error('not its words');
    if (prefix !== undefined && isHalf(`${prefix} `, prefix.length)) throw new Error('half a pair');
    const known = request.attach === undefined ? undefined : kept.get(request.attach);
    const answer = known ?? answerOf(request, isOther ? call : 0, thinks);
    last = prefix === undefined ? answer : { ...answer, text: prefix + answer.text };
    answers.push(last);
    if (!known) {
      tally.begun++;
      const response = `${request.model}-${call}`;
      kept.set(response, answer);
      if (request.attach === undefined) sink.responding(response);
    }
    const all = [
      ...cut(answer.thinking).map((part) => ['thinking', part] as const),
      ...cut(answer.text).map((part) => ['text', part] as const),
    ];
    for (const [flow, part] of end === 'done' ? all : all.slice(0, pieces)) sink[flow](part);
    if (end === 'done') return said;
    throw failureOf(end, request);
  };
  return { play, answers, tally, last: () => last };
}

function failureOf(end: End, { attach }: ModelRequest): Error {
  if (end === 'die') return new Died();
  if (end === 'unauthorized') return new OpenClawError('PROVIDER_REFUSED', end, { cause: { status: 401 } });
  if (end === 'refused') return new OpenClawError('PROVIDER_REFUSED', end, { cause: { status: 400 } });
  if (end === 'forgotten') return new OpenClawError(attach === undefined ? 'PROVIDER_FAILED' : 'NOT_FOUND', end);
  return new OpenClawError(end as ErrorCode, end);
}

function answerOf({ model, prefix }: ModelRequest, variant: number, thinks: boolean): Said {
  // Pairs of which only the second half differs.
  const face = String.fromCodePoint(0x1f600 + (variant % 8));
  const tail = `${face}${model}${face}end`;
  if (prefix !== undefined) return { model, text: tail, thinking: '' };
  return { model, text: `a🎈b${tail}`, thinking: thinks ? `hm🎈${face}` : '' };
}

/** Pieces that may part a surrogate pair. */
function cut(text: string): string[] {
  return text.match(/[\s\S]{1,3}/g) ?? [];
}

/** What a viewer sees after each record is the beginning of something that a model really said. */
function checkLog(records: readonly RunRecord[], answers: readonly Said[]): void {
  const fold = emptyFold();
  for (const record of records) {
    if (record.kind === 'step.started') {
      const { keep = 0, keepThinking = 0 } = record.data;
      expect(isHalf(foldText(fold), keep) || isHalf(foldThinking(fold), keepThinking)).toBe(false);
    }
    applyRecord(fold, record);
    const [text, thinking] = [foldText(fold), foldThinking(fold)];
    // Each flow on its own: where a new answer thinks less, what it leaves out is taken away at its end.
    const isSaid = answers.some((answer) => answer.text.startsWith(text)) && answers.some((answer) => answer.thinking.startsWith(thinking));
    if (text + thinking !== '' && !isSaid) throw new Error(`nobody said ${JSON.stringify({ text, thinking })}`);
  }
}

function isHalf(text: string, keep: number): boolean {
  return keep > 0 && keep < text.length && /[\ud800-\udbff]/.test(text.charAt(keep - 1));
}

async function check(arena: StepArena, providers: ReturnType<typeof createProviders>, calls: number): Promise<void> {
  const end = await arena.run();
  checkLog(arena.records(), providers.answers);
  expect(arena.requests.length).toBeLessThanOrEqual(calls);
  if (end instanceof Error) {
    expect(end).toBeInstanceOf(OpenClawError);
    expect(end.code).toMatch(/^(PROVIDER_|NO_PROGRESS$|CIRCUIT_OPEN$|RATE_LIMITED$)/);
    return;
  }
  expect(end.text).toBe(providers.last().text);
  expect(foldText(arena.fold())).toBe(providers.last().text);
  expect(foldThinking(arena.fold())).toBe(providers.last().thinking);
}

describe('whatever breaks, in whatever order', () => {
  test('a step ends, typed, within its meters; and what was seen of it is what its last model said', async () => {
    await fc.assert(
      fc.asyncProperty(modelsOf, deeds, async (models, script) => {
        const providers = createProviders(script);
        const arena = createArena(providers.play, { models, limits: LIMITS });
        await check(arena, providers, 400);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 60_000);

  test('a step whose calls all fail ends after a bounded number of them', async () => {
    const failing = fc.array(deed(['die', ...BREAKS, 'forgotten', 'unauthorized']), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(modelsOf, failing, async (models, script) => {
        const providers = createProviders(script);
        const arena = createArena(providers.play, { models, limits: LIMITS });
        const end = await arena.run();
        expect(end).toBeInstanceOf(OpenClawError);
        checkLog(arena.records(), providers.answers);
        // Each attempt is a round at most: every model once, and a response that is gone.
        expect(arena.requests.length).toBeLessThanOrEqual((LIMITS.attempts + 1) * 4);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 60_000);

  test('a response that the provider keeps is paid for once', async () => {
    const breaking = fc.array(deed(['die', ...BREAKS]), { minLength: 1, maxLength: 8 });
    const models: Models = { m: { attach: true, prefix: true } };
    await fc.assert(
      fc.asyncProperty(breaking, async (script) => {
        const providers = createProviders([...script, { pieces: 0, end: 'done', isOther: true, thinks: true }]);
        const arena = createArena(providers.play, { models, limits: { noProgressAttempts: 50 } });
        await check(arena, providers, script.length + 1);
        expect(providers.tally.begun).toBe(1);
        expect(arena.records().filter(({ kind }) => kind === 'step.started')).toHaveLength(1);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 60_000);
});
