import { type Clock, createWheel, seededRandom } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelEnd, ModelInfo, ModelRequest, ModelSink } from '@openclaw-runtime/model';
import {
  applyRecord,
  decodeRecord,
  emptyFold,
  encodeRecord,
  OpenClawError,
  type RunFold,
  type RunRecord,
  type ToolSpec,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { type Lease, runKey } from '@openclaw-runtime/store';
import { RUN_LIMITS, type RunLimits } from '../src/run/limits.ts';
import { stepCall } from '../src/run/question.ts';
import { applyReplay, beginReplay, type ReplayState } from '../src/run/replay.ts';
import { runStep, type StepResult } from '../src/run/step.ts';
import { Waits } from '../src/run/waits.ts';
import { RunWriter } from '../src/run/writer.ts';

/** One step over scripted models, without a store and without waiting: its owners may die, and others go on from the log. */
export interface StepArena {
  readonly requests: readonly ModelRequest[];
  records(): RunRecord[];
  fold(): RunFold;
  /** Carries the step to its end, over the deaths of its owners. */
  run(): Promise<StepResult | OpenClawError>;
}

/** What a call does. It may throw {@link Died}. */
export type Play = (request: ModelRequest, sink: ModelSink, call: number) => ModelEnd | Promise<ModelEnd>;

/** The process that asked is gone: what it had not logged is lost. */
export class Died extends Error {}

export type Models = Readonly<Record<string, Partial<ModelInfo['capabilities']> & { readonly fallbacks?: readonly string[] }>>;

const key = runKey('t', 'run');

export function createArena(
  play: Play,
  { models = { m: {} }, limits = {}, tools }: { models?: Models; limits?: Partial<RunLimits>; tools?: readonly ToolSpec[] } = {},
): StepArena {
  const log: string[] = [encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', at: 0, fingerprint: 'f' })];
  const requests: ModelRequest[] = [];
  const clock = createHastyClock();
  let owner = 0;
  const broker: ModelBroker = {
    info(name) {
      const { fallbacks = [], ...capabilities } = models[name] ?? {};
      if (!models[name]) throw new OpenClawError('NOT_FOUND', `There is no model "${name}".`);
      const all = { prefix: false, attach: false, tools: true, reasoning: [], ...capabilities };
      return { name, provider: 'test', simulated: true, capabilities: all, fallbacks };
    },
    list: () => [],
    async stream(request, sink) {
      requests.push(request);
      try {
        return await play(request, sink, requests.length);
      } catch (error) {
        if (error instanceof Died) owner++;
        throw error;
      }
    },
    close: () => Promise.resolve(),
  };
  const records = (): RunRecord[] => log.map((text, i) => decodeRecord(JSON.parse(text) as WireRecord, i + 1));

  const replay = () => {
    const fold = emptyFold();
    let state = beginReplay();
    for (const record of records()) {
      // As if it had been saved here.
      state = JSON.parse(JSON.stringify(state)) as ReplayState;
      applyReplay(state, record);
      applyRecord(fold, record);
    }
    return { fold, state, course: state.course, accepted: new Set<string>(), cancelled: undefined, given: [] };
  };

  const attempt = async (): Promise<StepResult> => {
    const me = owner;
    const lease = {
      key,
      append(texts: readonly string[]) {
        if (me !== owner) throw new OpenClawError('FENCED', 'dead');
        log.push(...texts);
      },
      full: () => undefined,
    } as unknown as Lease;
    const writer = new RunWriter(lease, { clock, wheel: createWheel(clock, 2), intervalMs: 0, textDurability: 'process' });
    const deps = { agents: new Map([['default', { name: 'default' }]]), broker, defaultModel: Object.keys(models)[0] ?? '' };
    const asked = { agent: 'default', input: 'hi', ...(tools && { tools }) };
    const question = { step: 1, turn: undefined, dialogue: [], tools, answers: [], replay: replay() };
    const house = { broker, clock, random: seededRandom(1), limits: { ...RUN_LIMITS, ...limits } };
    return runStep(
      house,
      { lease, writer, signal: new AbortController().signal, waits: new Waits(clock) },
      stepCall(asked, deps, question),
    );
  };

  return {
    requests,
    records,
    fold: () => replay().fold,
    async run() {
      for (;;) {
        const me = owner;
        try {
          return await attempt();
        } catch (error) {
          if (me !== owner) continue;
          return error as OpenClawError;
        }
      }
    },
  };
}

/** Every timer fires at once, and time has then passed. */
function createHastyClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    wall: () => now,
    after(ms, fn) {
      const timer = setImmediate(() => {
        now += ms;
        fn();
      });
      return () => clearImmediate(timer);
    },
  };
}
