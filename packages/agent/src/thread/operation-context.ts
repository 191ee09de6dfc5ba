import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@openclaw-runtime/kit';
import { type Message, OpenClawError } from '@openclaw-runtime/protocol';
import { decodeState } from '../codec/decode.ts';
import { encodeState } from '../codec/encode.ts';
import type { ModelRequest, OperationContext } from '../context.ts';
import type { AgentDefinition } from '../define-agent.ts';
import type { ChildAnswer, DonePiece, ModelAnswer, ModelCall, OperationJob, PersonAnswer } from '../port.ts';
import type { Call } from './call.ts';
import type { Events } from './events.ts';
import { failureOf } from './failure.ts';
import type { Answer, Pieces } from './pieces.ts';

/** What an operation's context is made of. */
export interface Means {
  readonly call: Call;
  readonly clock: Clock;
  readonly pieces: Pieces;
  readonly events: Events;
  readonly state: unknown;
}

/** Each promise it gives settles with the run's answer. */
export function contextOf(
  definition: AgentDefinition,
  job: OperationJob,
  { call, clock, pieces, events, state }: Means,
): OperationContext<unknown> {
  const inside = new AsyncLocalStorage<string>();
  let savedAt = clock.now();
  let steps = 0;
  let persons = 0;

  const piece = async <T>(what: DonePiece['what'], name: string, work: (n: number) => Promise<Answer>): Promise<T> => {
    const step = inside.getStore();
    if (step !== undefined)
      throw refused(
        call,
        `The operation asked for ${what} "${name}" inside of step "${step}". Ask for it outside: each is kept by itself.`,
      );
    const { value, error } = await pieces.piece(what, name, async (n) => {
      // What was stopped meanwhile begins nothing more, whatever its code makes of that.
      call.signal.throwIfAborted();
      return work(n);
    });
    if (error !== undefined) throw call.own(OpenClawError.fromBody(error));
    return valueOf(value) as T;
  };
  const asked = async (request: Parameters<Call['ask']>[0]): Promise<Answer> => ({ ...given('value', await call.ask(request)) });

  const context: OperationContext<unknown> = {
    state,
    facts: job.run,
    signal: call.signal,
    model: {
      stream: (request) => handled(piece<ModelAnswer>('stream', '', (n) => asked({ do: 'stream', n, call: modelCall(request) }))),
      generate: (request, { name = 'generate' } = {}) =>
        handled(piece<ModelAnswer>('generate', name, (n) => asked({ do: 'generate', name, n, call: modelCall(request) }))),
    },
    step: (name, fn) =>
      handled(
        piece('step', name, async (n) => {
          const since = clock.now();
          steps++;
          if (persons > 0) call.ask({ do: 'begun' }).catch(() => {});
          let answer: Answer;
          try {
            answer = await outcomeOf(name, () => inside.run(name, fn), call);
          } finally {
            // In the turn in which the run is told: a question asked in between would say one too few.
            steps--;
          }
          await call.ask({ do: 'done', name, n, ms: Math.round(clock.now() - since), ...answer });
          return answer;
        }),
      ),
    emit: (name, data) => handled(events.emit(name, data, inside.getStore())),
    checkpoint: () => handled(checkpoint()),
    ask: (text, { name = 'ask', timeoutMs } = {}) =>
      handled(
        piece<PersonAnswer>('ask', name, (n) => {
          persons++;
          const answer = asked({ do: 'person', name, n, text, ...given('timeoutMs', timeoutMs), ...(steps > 0 && { steps }) });
          return answer.finally(() => persons--);
        }),
      ),
    run: (agent, input, { name = agent, ...rest } = {}) =>
      handled(piece<ChildAnswer>('run', name, (n) => asked({ do: 'run', name, n, child: { agent, input, ...rest } }))),
    secrets: {
      get: (name) => handled(pieces.during(call.ask({ do: 'secret', name })).then((text) => String(valueOf(text)))),
    },
  };

  const checkpoint = async (): Promise<void> => {
    const pending = inside.getStore() === undefined ? pieces.underWay() : `step "${inside.getStore()}"`;
    if (pending !== undefined) throw refused(call, `ctx.checkpoint() was called while ${pending} was under way. Await that first.`);
    const { version } = definition;
    const { snapshotIntervalMs = definition.snapshotIntervalMs } = job;
    if (snapshotIntervalMs > 0 && (pieces.replaying || clock.now() - savedAt < snapshotIntervalMs)) return;
    const missed = pieces.missed('a checkpoint');
    if (missed !== undefined) throw call.own(missed);
    const request = { do: 'checkpoint', version, state: encodeState(context.state) } as const;
    const saving = events.ahead ? events.told().then(() => call.ask(request)) : call.ask(request);
    savedAt = clock.now();
    pieces.cut(saving);
    await pieces.during(saving);
  };
  return context;
}

/** What a step came to; its value is read back from text, so that it is the same in this life and in the next. */
async function outcomeOf(name: string, fn: () => unknown, call: Call): Promise<Answer> {
  try {
    return given('value', textOf(await fn()));
  } catch (thing) {
    if (call.signal.aborted) throw call.signal.reason;
    return { error: failureOf('AGENT_FAILED', `Step ${name} failed`, thing).toBody() };
  }
}

function modelCall(request: ModelRequest): ModelCall {
  if (typeof request === 'string') return { messages: [{ role: 'user', content: request }] };
  return isMessages(request) ? { messages: request } : request;
}

function isMessages(request: readonly Message[] | ModelCall): request is readonly Message[] {
  return Array.isArray(request);
}

function refused(call: Call, message: string): OpenClawError {
  return call.own(new OpenClawError('AGENT_FAILED', message));
}

/** Not to await it is no crime: its rejection is the run's end, or was told there. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Nothing, for `undefined`. */
export function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : encodeState(value);
}

export function valueOf(text: string | undefined): unknown {
  return text === undefined ? undefined : decodeState(text);
}

function given<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
}
