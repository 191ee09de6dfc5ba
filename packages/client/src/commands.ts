import type { Command, OpenClawError } from '@openclaw-runtime/protocol';
import type { Outgoing } from './outgoing.ts';

/** Commands that no answer came for yet. Sent again on each new connection: the server carries them out once per id. */
export interface Commands {
  /** Resolves when the command is durable at the server. */
  submit(command: Omit<Command, 't'>): Promise<void>;
  /** The connection is new: all of them again. */
  resend(): void;
  /** The answer to command `id`. */
  settle(id: string, error?: OpenClawError): void;
  fail(error: OpenClawError): void;
}

interface Pending {
  readonly frame: Command;
  readonly answer: PromiseWithResolvers<void>;
}

export function createCommands(send: (frame: Outgoing) => void): Commands {
  const pending = new Map<string, Pending>();

  const settle = (id: string, error?: OpenClawError): void => {
    const answer = pending.get(id)?.answer;
    pending.delete(id);
    if (error) answer?.reject(error);
    else answer?.resolve();
  };

  return {
    async submit(command) {
      // An answer names the id alone: another command of that name has to have its own first.
      while (pending.has(command.id)) await pending.get(command.id)?.answer.promise.catch(() => {});
      const frame: Command = { t: 'command', ...command };
      const answer = Promise.withResolvers<void>();
      pending.set(frame.id, { frame, answer });
      send(frame);
      return answer.promise;
    },
    resend() {
      for (const { frame } of pending.values()) send(frame);
    },
    settle,
    fail(error) {
      for (const id of pending.keys()) settle(id, error);
    },
  };
}
