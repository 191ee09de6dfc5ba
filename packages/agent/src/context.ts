import type { Message } from '@openclaw-runtime/protocol';
import type { ChildAnswer, ChildCall, ModelAnswer, ModelCall, PersonAnswer, RunFacts } from './port.ts';

/**
 * What an operation works with. What it asks for by `step`, `model`, `ask` and `run` is a **piece**: done once and logged. After a loss of the thread or the
 * process the operation starts again with the state of its last checkpoint, and the pieces since then are answered from the log. So between two checkpoints
 * the order of pieces must follow from the state, the arguments and the pieces' answers alone: the time, chance and the outside belong into steps. Pieces of
 * branches that go side by side are best given names of their own.
 */
export interface OperationContext<S> {
  /** To be changed in place or replaced; kept by {@link checkpoint}. What it may hold: see `encodeState`. */
  state: S;
  readonly facts: RunFacts;
  /** Aborts when the run is cancelled or its time is over. */
  readonly signal: AbortSignal;
  readonly model: {
    /** Its text goes to the run's log and viewers as it comes. */
    stream(request: ModelRequest): Promise<ModelAnswer>;
    /** For the operation alone. */
    generate(request: ModelRequest, options?: { readonly name?: string }): Promise<ModelAnswer>;
  };
  /**
   * Runs `fn`; resolves to what it returned when that is durable, and is not run again. What it throws is kept too, as `AGENT_FAILED`. What it changes of the state
   * is not changed again by a later start: return it, and change the state outside.
   */
  step<T>(name: string, fn: () => T | Promise<T>): Promise<T>;
  /** Tells the run's viewers, and goes on at once unless many wait to be told. One that cannot be told ends the operation. */
  emit(name: string, data: unknown): Promise<void>;
  /**
   * Saves the state when `snapshotIntervalMs` has gone by since it was saved last, else returns at once. Throws `AGENT_FAILED` while a piece is under way:
   * await it first.
   */
  checkpoint(): Promise<void>;
  /** Asks a person. `timeoutMs`: default is the house's. */
  ask(text: string, options?: { readonly name?: string; readonly timeoutMs?: number }): Promise<PersonAnswer>;
  /** Runs another agent to its end. A run that fails is an answer, not an exception. */
  run(agent: string, input: string, options?: ChildOptions): Promise<ChildAnswer>;
  readonly secrets: {
    /** A secret of the agent's. Do not keep it in the state, and return it from no step. */
    get(name: string): Promise<string>;
  };
}

/** A text stands for one message of the user's. */
export type ModelRequest = string | readonly Message[] | ModelCall;

export interface ChildOptions extends Omit<ChildCall, 'agent' | 'input'> {
  /** What this run calls it; default: the agent's name. */
  readonly name?: string;
}
