import type { OpenClawClient, Run, RunResult } from '@openclaw-runtime/client';
import { newId, type Random } from '@openclaw-runtime/kit';
import { OpenClawError, type SendMode } from '@openclaw-runtime/protocol';
import type { Printer } from '../commands/printer.ts';
import { parseLevel } from '../commands/run.ts';
import type { ChatOptions } from './options.ts';

/** One conversation: its session, its model, and the run that answers now. */
export interface Conversation {
  readonly session: string;
  model: string | undefined;
  readonly run: Run | undefined;
  /** Asks, and prints the answer to its end. Rejects only when the run cannot be followed. */
  ask(text: string): Promise<RunResult>;
  /** Prints a run that somebody else started, to its end. */
  follow(run: Run): Promise<RunResult>;
  /** Reaches the run that answers now. `false` when it had ended, or there is none. */
  send(text: string, mode: SendMode): Promise<boolean>;
  /** Begins another one; without a name one that nobody has used. */
  renew(session: string | undefined): void;
}

/** `began` is called when a run has begun to answer. */
export function createConversation(
  client: OpenClawClient,
  options: ChatOptions,
  random: Random,
  printer: () => Printer,
  began: () => void = () => undefined,
): Conversation {
  const { agent } = options;
  const level = parseLevel(options.level);
  let { session, model } = options;
  let run: Run | undefined;
  let lost = false;
  let before: Promise<unknown> = Promise.resolve();

  client.on('token', (text, { step }) => printer().text(text, step));
  client.on('thinking', (text) => printer().thinking(text));
  client.on('rewind', ({ step, keep }) => printer().rewind(step, keep));
  client.on('reconnect', (attempt) => printer().note(`the server is gone, connecting again (attempt ${attempt})`));
  client.on('reconnected', () => {
    lost = false;
    printer().note('connected again');
  });
  client.on('error', ({ code, message }) => {
    if (code !== 'RECONNECT_FAILED') return;
    lost = true;
    printer().note(`${message} The next message tries again.`);
  });

  const follow = async (followed: Run): Promise<RunResult> => {
    run = followed;
    began();
    printer().wait();
    try {
      const result = await followed.result();
      printer().end(followed.id, result);
      return result;
    } finally {
      printer().stop();
      run = undefined;
    }
  };

  return {
    get session() {
      return session;
    },
    get model() {
      return model;
    },
    set model(name) {
      model = name;
    },
    get run() {
      return run;
    },
    follow,
    ask(text) {
      const begin = async (): Promise<RunResult> => {
        if (lost) await client.reconnect();
        return follow(client.run({ input: text, session, ...(agent && { agent }), ...(model && { model }), ...(level && { level }) }));
      };
      // One that ended while this was sent to it is still being printed.
      const answer = before.then(begin, begin);
      before = answer;
      return answer;
    },
    async send(text, mode) {
      if (!run) return false;
      try {
        await run.send(text, { mode });
        return true;
      } catch (error) {
        if (error instanceof OpenClawError && error.code === 'RUN_FINISHED') return false;
        throw error;
      }
    },
    renew(name) {
      session = name ?? `chat-${newId(random).slice(0, 6)}`;
    },
  };
}
