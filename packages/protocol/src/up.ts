import type { Budget, RunRequest, SendMode } from './record.ts';

/** Frames a client sends: the wire's table of contents, upwards. */
export type UpFrame = Hello | Start | Attach | Detach | Command;

export interface Hello {
  readonly t: 'hello';
  readonly v: number;
  readonly client: string;
  readonly token?: string;
}

/** Creates a run, or finds the one this idempotency key created before, and opens channel `ch` on it. */
export interface Start {
  readonly t: 'start';
  readonly ch: number;
  /** Idempotency key, 1–128 characters. */
  readonly idem: string;
  readonly run: Partial<Omit<RunRequest, 'budget'>> & Pick<RunRequest, 'input'> & { readonly budget?: number | Budget | undefined };
  /** Send nothing before the run has ended, then everything (`streaming: false`). */
  readonly hold?: boolean;
}

/** Opens channel `ch` on an existing run, after what the client has. `h` is the client's chain value at `after`. */
export interface Attach {
  readonly t: 'attach';
  readonly ch: number;
  readonly run: string;
  readonly epoch?: number;
  readonly after?: number;
  readonly h?: number;
  readonly hold?: boolean;
}

/** Closes a channel. The run goes on. */
export interface Detach {
  readonly t: 'detach';
  readonly ch: number;
}

/** A durable command to a run, carried out once per `id`. `ok` or `err` answers with the same `id`. */
export interface Command {
  readonly t: 'command';
  readonly run: string;
  /** 1–128 characters, chosen by the client. */
  readonly id: string;
  readonly kind: CommandKind;
  readonly data?: unknown;
}

export type CommandKind = 'cancel' | 'feedback' | 'send' | 'approve' | 'level' | 'topup';

/** The data of a `send`. */
export interface SendData {
  readonly text: string;
  readonly mode: SendMode;
}

/** The data of a `level`: how deep to think from the run's next step on. */
export interface LevelData {
  readonly level: 1 | 2 | 3 | 4 | 'auto';
}

/** The data of a `topup`: what is added to the run's budget; a number is dollars. */
export type TopUpData = number | Budget;

/** The data of an `approve`: `hash` is that of the `approval.asked` record, so that nothing else is approved than what was seen. `text`: an answer in words. */
export interface ApproveData {
  readonly approval: string;
  readonly hash: string;
  readonly answer: 'allow' | 'deny';
  readonly text?: string;
}
