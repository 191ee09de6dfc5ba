import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@openclaw-runtime/kit';
import { type Message, OpenClawError } from '@openclaw-runtime/protocol';
import { decodeState } from '../codec/decode.ts';
import { encodeState } from '../codec/encode.ts';
import type { ModelRequest, OperationContext } from '../context.ts';
import type { AgentDefinition } from '../define-agent.ts';
import type { Answered, Ask, ChildAnswer, DonePiece, ModelAnswer, ModelCall, OperationJob, PersonAnswer, RunFacts } from '../port.ts';
import type { Call } from './call.ts';
import type { Events } from './events.ts';
import { failureOf } from './failure.ts';
import type { Answer, Pieces } from './pieces.ts';

/** Inside of which step code runs. */
export interface Inside {
  readonly call: Call;
  readonly step: string;
}

/** What an operation's context is made of. */
export interface Means {
  readonly call: Call;
  readonly clock: Clock;
  readonly inside: AsyncLocalStorage<Inside>;
  readonly pieces: Pieces;
  readonly events: Events;
  readonly state: unknown;
}

type Context = OperationContext<unknown>;

/** Each promise it gives settles with the run's answer. */
export function contextOf(definition: AgentDefinition, job: OperationJob, means: Means): Context {
  return new JobContext(definition, job, means);
}

/** Its functions are made when they are taken, so that each can be taken out of it and still knows its operation. */
class JobContext implements Context {
  state: unknown;
  readonly #definition: AgentDefinition;
  readonly #job: OperationJob;
  readonly #means: Means;
  #model: Context['model'] | undefined;
  #secrets: Context['secrets'] | undefined;
  #savedAt: number;
  #steps = 0;
  #persons = 0;

  constructor(definition: AgentDefinition, job: OperationJob, means: Means) {
    this.#definition = definition;
    this.#job = job;
    this.#means = means;
    this.state = means.state;
    this.#savedAt = means.clock.now();
  }

  get facts(): RunFacts {
    return this.#job.run;
  }

  get signal(): AbortSignal {
    return this.#means.call.signal;
  }

  get model(): Context['model'] {
    this.#model ??= {
      stream: (request) => this.#asked<ModelAnswer>('stream', '', (n) => ({ do: 'stream', n, call: modelCall(request) })),
      generate: (request, { name = 'generate' } = {}) =>
        this.#asked<ModelAnswer>('generate', name, (n) => ({ do: 'generate', name, n, call: modelCall(request) })),
    };
    return this.#model;
  }

  get step(): Context['step'] {
    return <T>(name: string, fn: () => T | Promise<T>) => this.#piece<T>('step', name, (n) => this.#step(name, n, fn));
  }

  get emit(): Context['emit'] {
    return (name, data) => handled(this.#means.events.emit(name, data, this.#inside));
  }

  get checkpoint(): Context['checkpoint'] {
    return () => handled(this.#checkpoint());
  }

  get ask(): Context['ask'] {
    return (text, { name = 'ask', timeoutMs } = {}) =>
      this.#piece<PersonAnswer>('ask', name, (n) => {
        this.#persons++;
        const steps = this.#steps;
        const request = { do: 'person', name, n, text, ...given('timeoutMs', timeoutMs), ...(steps > 0 && { steps }) } as const;
        return this.#means.call
          .ask(request)
          .then(answerOf)
          .finally(() => this.#persons--);
      });
  }

  get run(): Context['run'] {
    return (agent, input, { name = agent, ...rest } = {}) =>
      this.#asked<ChildAnswer>('run', name, (n) => ({ do: 'run', name, n, child: { agent, input, ...rest } }));
  }

  get secrets(): Context['secrets'] {
    const { pieces, call } = this.#means;
    this.#secrets ??= {
      get: (name) => handled(pieces.during(call.ask({ do: 'secret', name })).then((text) => String(valueOf(text as string)))),
    };
    return this.#secrets;
  }

  get #inside(): string | undefined {
    const { inside, call } = this.#means;
    const at = inside.getStore();
    return at?.call === call ? at.step : undefined;
  }

  #asked<T>(what: DonePiece['what'], name: string, requestOf: (n: number) => Ask): Promise<T> {
    return this.#piece<T>(what, name, (n) => this.#means.call.ask(requestOf(n)).then(answerOf));
  }

  #piece<T>(what: DonePiece['what'], name: string, work: (n: number) => Promise<Answer>): Promise<T> {
    const { call, pieces } = this.#means;
    const step = this.#inside;
    if (step !== undefined) {
      const why = `The operation asked for ${what} "${name}" inside of step "${step}". Ask for it outside: each is kept by itself.`;
      return handled(Promise.reject(refused(call, why)));
    }
    const answered = pieces.piece(what, name, (n) => {
      // What was stopped meanwhile begins nothing more, whatever its code makes of that.
      return call.stop === undefined ? begun(work, n) : Promise.reject(call.stop);
    });
    return handled(
      answered.then(({ value, plain, error }) => {
        if (error !== undefined) throw call.own(OpenClawError.fromBody(error));
        return (plain ?? valueOf(value)) as T;
      }),
    );
  }

  async #step(name: string, n: number, fn: () => unknown): Promise<Answer> {
    const { call, clock, inside } = this.#means;
    const since = clock.now();
    this.#steps++;
    if (this.#persons > 0) call.ask({ do: 'begun' }).catch(() => {});
    let answer: Answer;
    try {
      answer = await outcomeOf(name, () => inside.run({ call, step: name }, fn), call);
    } finally {
      // In the turn in which the run is told: a question asked in between would say one too few.
      this.#steps--;
    }
    await call.ask({ do: 'done', name, n, ms: Math.round(clock.now() - since), ...answer });
    return answer;
  }

  async #checkpoint(): Promise<void> {
    const { call, clock, pieces, events } = this.#means;
    const step = this.#inside;
    const pending = step === undefined ? pieces.underWay() : `step "${step}"`;
    if (pending !== undefined) throw refused(call, `ctx.checkpoint() was called while ${pending} was under way. Await that first.`);
    const { version } = this.#definition;
    const { snapshotIntervalMs = this.#definition.snapshotIntervalMs } = this.#job;
    if (snapshotIntervalMs > 0 && (pieces.replaying || clock.now() - this.#savedAt < snapshotIntervalMs)) return;
    const missed = pieces.missed('a checkpoint');
    if (missed !== undefined) throw call.own(missed);
    const request = { do: 'checkpoint', version, state: encodeState(this.state) } as const;
    const saving = events.ahead ? events.told().then(() => call.ask(request)) : call.ask(request);
    this.#savedAt = clock.now();
    pieces.cut(saving);
    await pieces.during(saving);
  }
}

function begun(work: (n: number) => Promise<Answer>, n: number): Promise<Answer> {
  try {
    return work(n);
  } catch (thing) {
    return Promise.reject(thing as Error);
  }
}

/** What a step came to; its value is read back from text, so that it is the same in this life and in the next. */
async function outcomeOf(name: string, fn: () => unknown, call: Call): Promise<Answer> {
  try {
    return given('value', textOf(await fn()));
  } catch (thing) {
    if (call.stop !== undefined) throw call.stop;
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

function nothing(): void {}

/** Not to await it is no crime: its rejection is the run's end, or was told there. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}

/** Nothing, for `undefined`. */
export function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : encodeState(value);
}

export function valueOf(text: string | undefined): unknown {
  return text === undefined ? undefined : decodeState(text);
}

function answerOf(answered: Answered): Answer {
  return typeof answered === 'object' ? { plain: answered } : given('value', answered);
}

function given<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
}
