import { type Answered, type Ask, type CodedAgent, encodeState, type OperationCard, type OperationJob } from '@openclaw-runtime/agent';
import { addUsage, type ErrorBody, OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads, ThreadCall } from '../pool/threads.ts';
import type { Agent } from './agents.ts';
import { untilFree, untilPlaced } from './call-tool.ts';
import { Children } from './children.ts';
import { runDeadlineMs } from './limits.ts';
import { beginOperation, DIED, type OperationPast } from './past.ts';
import { agentOf } from './question.ts';
import type { Replay } from './replay.ts';
import { Requests } from './requests.ts';
import { isThreadLost, Restarts } from './restarts.ts';
import { scrubbed } from './scrubbed.ts';
import { Stop } from './stop.ts';
import type { WaitNow } from './waits.ts';
import type { Work } from './work.ts';

/** Timers take no more. */
const LONGEST_MS = 2 ** 31 - 1;

/** A run that carries out a function of its agent's, in a thread: it starts again from where its state was saved when the thread is lost, or the process. */
export class Operation {
  readonly #work: Work;
  readonly #name: string;
  readonly #isLeft: boolean;
  readonly #children: Children;
  /** Errors that it was told by the run, as far as the pool of threads says such things too. */
  #told: Set<string> | undefined;
  #past: OperationPast = beginOperation();
  #replay: Replay | undefined;
  /** From its first start on. */
  #requests: Requests | undefined;
  #restarts: Restarts | undefined;
  #cancelLimit: (() => void) | undefined;
  /** When its code began, on the clock's `now`. */
  #sinceMs: number;
  #deadlineMs: number | undefined;

  /** `isLeft`: a dead process may have been at it. `deadlineMs`: when its time is up, where that is known from before it was parked. */
  constructor(work: Work, name: string, isLeft: boolean, deadlineMs: number | undefined) {
    this.#work = work;
    this.#name = name;
    this.#isLeft = isLeft;
    this.#sinceMs = work.deps.clock.now();
    this.#deadlineMs = deadlineMs;
    this.#children = new Children(work);
  }

  /** What an earlier owner left. */
  restore(replay: Replay): void {
    this.#replay = replay;
    this.#past = structuredClone(replay.state.operation) ?? beginOperation();
    this.#work.usage = addUsage(this.#work.usage, this.#past.generated);
    if (replay.state.children) this.#children.restore(replay.state.children);
    for (const { error } of this.#past.pieces) if (error) this.tell(error);
  }

  /** When its own time is up, on the clock's `now`, where it has one. */
  get deadlineMs(): number | undefined {
    return this.#deadlineMs;
  }

  /** A message is kept in the log: nobody answers it. */
  take(): void {}

  isWaiting(): boolean {
    return false;
  }

  /** What is to be waited for before its first start, if anything. */
  begin(): Promise<void> | undefined {
    return this.#isLeft ? this.#beginAgain() : undefined;
  }

  /** Resolves to what the operation returned, as `encodeState` writes it. Rejects with what went wrong, of which {@link again} knows whether it is the end. */
  start(): Promise<string | undefined> {
    const { brake, deps } = this.#work;
    const { agent, code, card, threads } = this.#ready();
    if (!this.#requests) {
      this.#cancelLimit = this.#limit(card);
      this.#requests = new Requests(this.#work, agent, this.#children, this.#past, this.#replay, brake.signal);
    }
    this.#requests.restart();
    this.#sinceMs = deps.clock.now();
    return threads.call(new Start(this.#work, code, this.#job(code), this.#requests, this), brake);
  }

  /** After a start that failed: what is to be waited for before the next one, if anything. Throws where there is none. */
  again(thrown: unknown): Promise<void> | undefined {
    const { brake, deps, writer } = this.#work;
    const free = untilFree(deps.clock, brake.signal, thrown, (error) => this.#isAnswer(error));
    if (free) return free.finally(untilPlaced(this.#work.waits));
    brake.goOn();
    const error = own(thrown);
    this.#restarts ??= new Restarts(this.#past.strikes);
    if (!isThreadLost(error) || !this.#restarts.isLeft(error, deps.clock.now())) throw error;
    const lost = { error: scrubbed(error, deps.scrub).toBody(), restarts: ++this.#past.losses };
    writer.record('thread.lost', 0, 0, lost, 'process');
    return undefined;
  }

  /** There are no more starts: what is still to be waited for, if anything. */
  close(): Promise<void> | undefined {
    this.#cancelLimit?.();
    return this.#requests?.isPending ? this.#breakOff(this.#requests) : undefined;
  }

  async #breakOff(requests: Requests): Promise<void> {
    const { brake } = this.#work;
    brake.interrupt(new OpenClawError('CANCELLED', 'The operation has ended.'));
    await requests.end();
    brake.renew();
  }

  /** The run ends: what it started ends with it, also what an earlier owner started. It goes on only where another owner of the run does. */
  end(): Promise<void> | undefined {
    return this.#work.brake.isReleased || !this.#children.isOpen ? undefined : this.#children.cancel();
  }

  /** Before it is begun another time, the log knows of it: it may be what its processes die of. */
  async #beginAgain(): Promise<void> {
    this.#ready();
    const { writer, lease, brake, deps } = this.#work;
    const { deaths = 0 } = this.#past;
    if (deaths >= deps.limits.noProgressAttempts) throw deadly(this.#name, deaths);
    const error = { code: DIED, message: 'The process that carried out the operation ended.' } as const;
    writer.record('thread.lost', 0, 0, { error, restarts: ++this.#past.losses }, 'process');
    await lease.settled();
    brake.goOn();
  }

  /** Its own code, where it waits for nothing else. */
  get waits(): readonly WaitNow[] {
    const forMs = Math.max(Math.round(this.#work.deps.clock.now() - this.#sinceMs), 0);
    return [{ for: 'code', name: this.#name, forMs }];
  }

  /** The operation is about to hear of it. */
  tell(error: Pick<ErrorBody, 'code' | 'message'>): void {
    if (error.code === 'RATE_LIMITED' || error.code === 'SHUTTING_DOWN') (this.#told ??= new Set()).add(wordsOf(error));
  }

  /** Whether the operation was told this by the run, however long ago, and ends with it. */
  #isAnswer(error: OpenClawError): boolean {
    return this.#told?.has(wordsOf(error)) === true;
  }

  #job(code: CodedAgent): OperationJob {
    const { asked, facts } = this.#work;
    const { state, pieces } = this.#past;
    return {
      kind: 'operation',
      operation: this.#name,
      ...(asked.args !== undefined && { args: encodeState(asked.args) }),
      ...(state && { state }),
      pieces: [...pieces],
      snapshotIntervalMs: code.card.snapshotIntervalMs,
      run: facts,
    };
  }

  #ready(): { readonly agent: Agent; readonly code: CodedAgent; readonly card: OperationCard; readonly threads: AgentThreads } {
    const { asked, deps } = this.#work;
    const agent = agentOf(asked, deps);
    const operations = agent.code?.card.operations ?? [];
    const card = operations.find(({ name }) => name === this.#name);
    if (!agent.code || !card) {
      const known = operations.map(({ name }) => name).join(', ') || 'none';
      throw new OpenClawError('NOT_FOUND', `The agent ${agent.name} has no operation ${this.#name}. Known: ${known}.`);
    }
    if (!deps.threads) throw new OpenClawError('NOT_IMPLEMENTED', 'This server runs no code of agents. Give it threads.');
    return { agent, code: agent.code, card, threads: deps.threads };
  }

  /** Ends the run when the operation's own time is up. */
  #limit({ timeoutMs }: OperationCard): (() => void) | undefined {
    return timeoutMs === undefined ? undefined : this.#limitTo(timeoutMs);
  }

  #limitTo(timeoutMs: number): () => void {
    const { asked, deps, brake } = this.#work;
    this.#deadlineMs ??= runDeadlineMs(asked.at + this.#work.pastHeldMs, { runMs: timeoutMs }, deps.clock);
    const deadlineMs = this.#deadlineMs;
    const error = new OpenClawError(
      'PROVIDER_TIMEOUT',
      `The operation took longer than ${timeoutMs} ms. Raise its timeoutMs if that is expected.`,
    );
    let cancel: () => void = () => undefined;
    const arm = (): void => {
      const leftMs = deadlineMs + this.#work.heldMs(deps.clock.now()) - deps.clock.now();
      if (leftMs > 0) cancel = deps.clock.after(Math.min(leftMs, LONGEST_MS), arm);
      else brake.halt(new Stop((usage) => ({ status: 'timed_out', error: error.toBody(), usage })));
    };
    arm();
    return () => cancel();
  }
}

/** One start of an operation, as the pool of threads carries it out. */
class Start implements ThreadCall {
  readonly agent: CodedAgent;
  readonly job: OperationJob;
  readonly #work: Work;
  readonly #requests: Requests;
  readonly #operation: Pick<Operation, 'tell'>;

  constructor(work: Work, agent: CodedAgent, job: OperationJob, requests: Requests, operation: Pick<Operation, 'tell'>) {
    this.agent = agent;
    this.job = job;
    this.#work = work;
    this.#requests = requests;
    this.#operation = operation;
  }

  get tenant(): string {
    return this.#work.tenant;
  }

  ask(request: Ask): Promise<Answered> {
    return this.#requests.answer(request);
  }

  refused(error: OpenClawError): void {
    this.#operation.tell(error);
  }

  ended(error?: unknown): void {
    const { deps, brake } = this.#work;
    deps.threadWatch?.ended(this.agent.name, brake, error);
  }

  said(text: string, dropped: number): void {
    const { rest, deps, lease } = this.#work;
    rest.stir();
    deps.onSaid(lease.key, text, dropped);
  }

  queued(): () => void {
    return untilPlaced(this.#work.waits);
  }
}

function wordsOf({ code, message }: Pick<ErrorBody, 'code' | 'message'>): string {
  return `${code} ${message}`;
}

function deadly(name: string, deaths: number): OpenClawError {
  return new OpenClawError(
    'AGENT_CRASHED',
    `The process ended ${deaths} times one after another while it carried out operation "${name}", which came to nothing. Find out whether it is what ended it.`,
  );
}

/** What only the store may say is the agent's own failure when its code says it. */
function own(thrown: unknown): OpenClawError {
  const error = OpenClawError.from(thrown, 'AGENT_FAILED');
  const isStores = error.code === 'FENCED' || error.code === 'STORE_FAILED' || error.code === 'INTERNAL';
  return isStores ? new OpenClawError('AGENT_FAILED', error.message, { cause: error }) : error;
}
