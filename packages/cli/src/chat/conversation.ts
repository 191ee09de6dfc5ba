import type { OpenClawClient, Run, RunResult } from '@openclaw-runtime/client';
import { newId, type Random } from '@openclaw-runtime/kit';
import { type Approval, OpenClawError, type SendMode } from '@openclaw-runtime/protocol';
import { narrate } from '../commands/narrate.ts';
import type { Printer } from '../commands/printer.ts';
import type { Answer } from '../commands/question.ts';
import { parseLevel } from '../commands/run.ts';
import type { ChatOptions } from './options.ts';

/** One conversation: its session, its model, and the run that answers now. */
export interface Conversation {
  readonly session: string;
  model: string | undefined;
  readonly run: Run | undefined;
  /** What the run asks a person and nobody has answered: the oldest. */
  readonly question: Approval | undefined;
  /** Asks, and prints the answer to its end. Rejects only when the run cannot be followed. */
  ask(text: string): Promise<RunResult>;
  /** Prints a run that somebody else started, to its end. */
  follow(run: Run): Promise<RunResult>;
  /** What was under way before: asks wait for it. */
  resume(deed: () => Promise<void>): Promise<void>;
  /** Reaches the run that answers now. `false` when it had ended, or there is none. */
  send(text: string, mode: SendMode): Promise<boolean>;
  /** Answers the question. `false` when there is none, or the run has ended. */
  answer(answer: Answer): Promise<boolean>;
  /** Begins another one; without a name one that nobody has used. */
  renew(session: string | undefined): void;
}

export interface ConversationEvents {
  /** A run has begun to answer. */
  began?(): void;
  /** A person is asked. */
  asked(approval: Approval, run: Run): void;
}

export function createConversation(
  client: OpenClawClient,
  options: ChatOptions,
  random: Random,
  printer: () => Printer,
  events: ConversationEvents,
): Conversation {
  const { agent } = options;
  const level = parseLevel(options.level);
  let { session, model } = options;
  let run: Run | undefined;
  let questions: readonly Approval[] = [];
  let lost = false;
  let before: Promise<unknown> = Promise.resolve();

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
    questions = [];
    events.began?.();
    printer().wait();
    try {
      await narrate(followed, printer(), {
        asked(approval) {
          questions = [...questions, approval];
          events.asked(approval, followed);
        },
        given({ id }) {
          questions = questions.filter((question) => question.id !== id);
        },
      });
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
    get question() {
      return run && questions[0];
    },
    follow,
    resume(deed) {
      const done = deed();
      before = done.catch(() => undefined);
      return done;
    },
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
    send: async (text, mode) => run !== undefined && reached(run.send(text, { mode })),
    async answer(answer) {
      const [question, ...others] = questions;
      if (!run || !question) return false;
      questions = others;
      return reached(run.approve(question, answer));
    },
    renew(name) {
      session = name ?? `chat-${newId(random).slice(0, 6)}`;
    },
  };
}

/** `false` when the run had ended. */
async function reached(command: Promise<void>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'RUN_FINISHED') return false;
    throw error;
  }
}
