import { setTimeout as sleep } from 'node:timers/promises';
import { OpenClawClient, type Run } from '@openclaw-runtime/client';
import { simulatedText } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Claw, type ClawOptions, type Ended, startClaw, tryClaw } from '../../house/claw.ts';
import { shimEnv } from '../shim/build.ts';
import type { Control } from '../shim/control.ts';

export interface StageOptions {
  readonly data: string;
  readonly port?: number;
  /** The compiled shim and what it is told. */
  readonly shim?: { readonly path: string; readonly control: Control };
  /** Words before the command. */
  readonly before?: readonly string[];
  readonly config?: object;
}

/** A server, under the shim where there is one. */
export function startStage(options: StageOptions): Promise<Claw> {
  return startClaw(clawOptions(options));
}

/** Like `startStage`, for a server that may end instead. */
export function tryStage(options: StageOptions): Promise<Claw | Ended> {
  return tryClaw(clawOptions(options));
}

function clawOptions({ data, port = 0, shim, before = [], config }: StageOptions): ClawOptions {
  const env = shim ? Object.entries(shimEnv({ path: shim.path, dir: data, control: shim.control.path })) : [];
  const words = env.length > 0 ? ['env', ...env.map(([name, value]) => `${name}=${value}`)] : [];
  return { data, port, before: [...words, ...before], ...(config ? { config } : {}) };
}

/** Resolves with whether the server ended by itself in time. */
export async function ends(claw: Claw, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    try {
      process.kill(claw.pid, 0);
    } catch {
      return true;
    }
    await sleep(10);
  }
  return false;
}

/** A run of the simulated model that is followed by a client, and the text it has to have. */
export interface Followed {
  readonly prompt: string;
  readonly idem: string;
  readonly run: Run;
  readonly expected: string;
  /** Resolves when its first text has come. */
  readonly begun: Promise<void>;
  /** What is wrong with its end; nothing when it is as it should be. */
  readonly end: Promise<string | undefined>;
}

export function followRun(client: OpenClawClient, prompt: string, tokens: number, durationMs: number): Followed {
  const idem = `key ${prompt}`;
  const run = client.run({ input: prompt, model: `simulated?tokens=${tokens}&ms=${durationMs}`, tokenInterval: 0, idempotencyKey: idem });
  const expected = simulatedText(prompt, tokens, '');
  const begun = Promise.withResolvers<void>();
  client.on('token', (_text, { run: id }) => {
    if (id === run.id) begun.resolve();
  });
  const ended = async (): Promise<string | undefined> => {
    try {
      const { status, text, error } = await run.result();
      if (status !== 'completed') return `${prompt} ended as ${status}: ${JSON.stringify(error)}`;
      return text === expected ? undefined : `${prompt} has another text: ${JSON.stringify(text.slice(0, 120))}`;
    } catch (error) {
      const { code, message } = OpenClawError.from(error);
      return `${prompt} could not be followed: ${code}: ${message}`;
    } finally {
      begun.resolve();
    }
  };
  return { prompt, idem, run, expected, begun: begun.promise, end: ended() };
}

export function patientClient(): OpenClawClient {
  return new OpenClawClient({ reconnectDelay: 30, maxReconnectAttempts: 10_000 });
}

/** Rejects when it takes longer. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
