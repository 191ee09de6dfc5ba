import {
  type Budget,
  type Command,
  type DownFrame,
  type ErrorCode,
  type Message,
  OpenClawError,
  type Settings,
  type Start,
  type ToolSpec,
} from '@openclaw-runtime/protocol';
import { createCommands } from './commands.ts';
import { createConnection } from './connection.ts';
import { createEmitter, type Listener } from './emitter.ts';
import type { ClientEvents } from './events.ts';
import { createFollower, type Follower, type FollowerOptions, type Link } from './follower.ts';
import { type ClientOptions, resolveOptions } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { resolveUrl } from './resolve-url.ts';
import { createRun, type Run } from './run.ts';
import type { Level, SavedRun } from './run-item.ts';
import { createTeller } from './teller.ts';

/** What a run is asked to do: to answer, or to carry out an operation of its agent. */
export type RunOptions = RunSettings & (Question | Operation);

interface Question {
  readonly input: string | readonly Message[];
}

interface Operation {
  readonly operation: string;
  /** What it is given: any JSON value. */
  readonly args?: unknown;
  /** What this run is called. Default: the operation's name. */
  readonly input?: string | readonly Message[];
}

interface RunSettings {
  /** Default: the agent of the address, else the server's. */
  readonly agent?: string;
  readonly model?: string;
  readonly level?: Level;
  /** How complex it is: a tag, whose level the agent or the server knows. */
  readonly complexity?: string;
  readonly session?: string;
  /** The caller's own: calls to these end the run as `completed` with the reason `tool_calls`. */
  readonly tools?: readonly ToolSpec[];
  /** How its model is to answer, where that is a conversation. */
  readonly settings?: Settings;
  /** What it may take, together with all runs that it starts: a number is dollars. Where there is no room the run waits (`budget_exhausted`), until {@link Run.topUp}. */
  readonly budget?: number | Budget;
  /** The same key and request give the same run, also from another process. Default: random. */
  readonly idempotencyKey?: string;
  /** Overrides the client's. */
  readonly tokenInterval?: number;
}

/**
 * Runs agents on an OpenClaw Runtime and streams what they say, exactly once whatever breaks in between.
 *
 * Events tell of all runs of this client, in order. Within this process each text comes once; an application that must
 * survive its own death iterates the run and keeps `run.save()`.
 */
export class OpenClawClient {
  readonly #options;
  readonly #emitter = createEmitter();
  readonly #followers = new Set<Follower>();
  readonly #channels = new Map<number, Follower>();
  readonly #connection;
  readonly #commands = createCommands((frame) => this.#send(frame));
  readonly #link: Link;
  #defaultAgent: string | undefined;
  #lastChannel = 0;

  /** Throws `BAD_CONFIG`. */
  constructor(options: ClientOptions = {}) {
    this.#options = resolveOptions(options);
    this.#connection = createConnection(this.#options, {
      attempt: (n) => this.#emitter.emit('reconnect', n),
      opened: (n) => this.#opened(n),
      frame: (frame) => this.#receive(frame),
      dropped: (error) => this.#dropped(error),
      failed: (error) => this.#fail(error),
    });
    this.#link = {
      claim: (follower) => {
        this.#channels.set(++this.#lastChannel, follower);
        return this.#lastChannel;
      },
      release: (ch) => this.#channels.delete(ch),
      send: (frame) => this.#send(frame),
      forget: (follower) => this.#followers.delete(follower),
      heartbeatMs: () => this.#connection.limits?.heartbeatMs ?? 0,
    };
  }

  on<E extends keyof ClientEvents>(event: E, listener: Listener<E>): this {
    this.#emitter.on(event, listener);
    return this;
  }

  off<E extends keyof ClientEvents>(event: E, listener: Listener<E>): this {
    this.#emitter.off(event, listener);
    return this;
  }

  /**
   * Connects to `ws://…`, `wss://…`, `http(s)://…` or `agent://environment/cluster[/agent]`; of several URLs each attempt
   * takes the next. Rejects with `UNKNOWN_CLUSTER`, `RECONNECT_FAILED`, or what the server refused the client for.
   */
  async connect(address: string): Promise<void> {
    const { urls, agent } = resolveUrl(address, this.#options.clusters);
    const connecting = this.#connection.connect(urls);
    this.#defaultAgent = agent;
    return connecting;
  }

  /** Joins the reconnection under way, or begins one. Harmless when there is nothing to do. */
  reconnect(): Promise<void> {
    return this.#connection.reconnect();
  }

  /** Starts a run with this text. */
  send(text: string): Run {
    return this.run({ input: text });
  }

  /** Starts a run, as soon as there is a connection. Throws a `TypeError` for `args` that JSON cannot hold. */
  run(options: RunOptions): Run {
    // Throws here or nowhere: once it is under way, each reconnection would.
    JSON.stringify((options as Asked).args);
    const idem = options.idempotencyKey ?? this.#newId();
    return this.#follow({ idem, request: () => this.#request(options) }, options.tokenInterval);
  }

  /**
   * Follows a run that exists: from its start for an id, after what was seen for what `run.save()` or `run.cursor` gave. Its
   * result is whole in each case. Where the server cannot tell what lies between, a `snapshot` stands for it.
   */
  attach(run: string | SavedRun): Run {
    return this.#follow(typeof run === 'string' ? { run, epoch: 0, seq: 0 } : run, undefined);
  }

  /** Ends the connection. Runs in progress go on at the server; here they reject with `STREAM_DISCONNECTED`. */
  close(): void {
    this.#end(this.#connection.close());
  }

  /** Of keys and commands: 128 bits. */
  #newId(): string {
    return Array.from(this.#options.random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  #follow(from: FollowerOptions['from'], tokenInterval = this.#options.tokenInterval): Run {
    const options = { ...this.#options, intervalMs: tokenInterval ?? 0, emitter: this.#emitter };
    const follower = createFollower({
      ...options,
      link: this.#link,
      from,
      paced: options.intervalMs > 0 || options.batchSize > 1,
      failed: (error) => this.#emitter.emit('error', error),
      teller: (about) => createTeller({ ...options, about }),
    });
    const { refusal, limits } = this.#connection;
    if (refusal) follower.fail(refusal);
    else this.#followers.add(follower);
    if (limits) follower.join();
    return createRun(
      follower,
      (command) => this.#submit(command),
      () => this.#newId(),
    );
  }

  #request(options: RunOptions): Start['run'] {
    const asked = options as Asked;
    // JSON leaves out what is undefined.
    return {
      ...asked,
      idempotencyKey: undefined,
      input: asked.input ?? asked.operation,
      agent: asked.agent ?? this.#defaultAgent,
      tokenInterval: asked.tokenInterval ?? this.#options.tokenInterval,
    } as unknown as Start['run'];
  }

  #submit(command: Omit<Command, 't'>): Promise<void> {
    const { refusal } = this.#connection;
    return refusal ? Promise.reject(refusal) : this.#commands.submit(command);
  }

  #send(frame: Outgoing): void {
    const { limits } = this.#connection;
    if (!limits) return;
    const code = problemOf(frame, limits.maxFrameBytes);
    if (code) this.#receive({ ...frame, t: 'err', code, message: 'The request, or a name in it, is too long or empty.' });
    else this.#connection.send(frame);
  }

  #opened(attempt: number): void {
    this.#commands.resend();
    for (const follower of this.#followers) follower.join();
    if (attempt === 0) return;
    this.#emitter.emit('tier', 0);
    this.#emitter.emit('reconnected', attempt);
  }

  #dropped(error: OpenClawError): void {
    for (const follower of this.#followers) follower.dropped();
    this.#emitter.emit('tier', 1);
    this.#emitter.emit('error', error);
  }

  #fail(error: OpenClawError): void {
    this.#end(error);
    this.#emitter.emit('error', error);
  }

  #end(error: OpenClawError): void {
    for (const follower of this.#followers) follower.fail(error);
    this.#commands.fail(error);
  }

  #receive(frame: DownFrame): void {
    switch (frame.t) {
      case 'started':
      case 'attached':
        return this.#channels.get(frame.ch)?.answered(frame);
      case 'ev':
        for (const batch of frame.b) this.#channels.get(batch[0])?.batch(batch);
        return;
      case 'snap':
        return this.#channels.get(frame.ch)?.snap(frame);
      case 'hb': {
        const heads = new Map(frame.heads);
        for (const [ch, follower] of this.#channels) follower.heartbeat(heads.get(ch));
        return;
      }
      case 'ok':
        return this.#commands.settle(frame.id);
      case 'err':
        if (frame.id !== undefined) this.#commands.settle(frame.id, OpenClawError.fromBody(frame));
        else if (frame.ch !== undefined) this.#channels.get(frame.ch)?.refused(frame);
        return;
      default:
    }
  }
}

type Asked = RunSettings & Partial<Operation>;

/** What the server would refuse the frame for. */
function problemOf(frame: Outgoing, maxBytes: number): ErrorCode | undefined {
  if (new Blob([JSON.stringify(frame)]).size > maxBytes) return 'TOO_LARGE';
  const isWrong =
    frame.t === 'start'
      ? [frame.idem, frame.run.agent, frame.run.session].some((name = 'x') => !name || name.length > 128)
      : 'run' in frame && frame.run.length !== 22;
  return isWrong ? 'BAD_REQUEST' : undefined;
}
