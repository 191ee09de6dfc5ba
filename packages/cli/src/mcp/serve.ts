import { newId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Origin } from '../commands/api.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { interruptible } from '../data/options.ts';
import { answersOf, headersOf, parseMessage, problemOf, revisionOf } from './wire-messages.ts';

/** Agents as an MCP server on stdin and stdout: each message is passed on to a server, each answer back, until stdin ends. Resolves with the exit code. */
export function serveMcp(options: ServerOptions, world: World): Promise<number> {
  return interruptible(world, (signal) =>
    withServer(options, world, async ({ origin }) => {
      const over = new AbortController();
      const stopped = AbortSignal.any([signal, over.signal]);
      const pass = createPass(origin, world, stopped);
      const answering = new Set<Promise<void>>();
      for await (const line of until(world.input.lines(), signal)) {
        const answered = pass(line);
        answering.add(answered);
        void answered.finally(() => answering.delete(answered));
        // What the greeting agrees on goes with all that follows.
        if (line.includes('"initialize"')) await answered;
      }
      // Whoever asked is gone: what it asked for is wanted by nobody.
      over.abort(new OpenClawError('CANCELLED', 'stdin ended.'));
      await Promise.all(answering);
      return 0;
    }),
  );
}

/** Never rejects: whatever goes wrong is an answer. */
function createPass({ base, headers }: Origin, { data, out, random }: World, signal: AbortSignal): (line: string) => Promise<void> {
  const session = newId(random);
  let revision: string | undefined;
  const say = (message: object): void => {
    if (!signal.aborted) out.write(`${JSON.stringify(message)}\n`);
  };
  return async (line) => {
    if (line.trim() === '') return;
    const message = parseMessage(line);
    if (!message) return say({ jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'That is no message in JSON.' } });
    try {
      const sent = { ...headers, ...headersOf(message, revision), 'mcp-session-id': session };
      const { status, parts } = await data.stream(`${base}/mcp`, { method: 'POST', headers: sent, body: line }, signal);
      for await (const answer of answersOf(parts, status, message)) {
        revision = revisionOf(answer) ?? revision;
        say(answer);
      }
    } catch (error) {
      if (message.id !== undefined) say(problemOf(message.id, OpenClawError.from(error).message));
    }
  };
}

async function* until(lines: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  const iterator = lines[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await Promise.race([iterator.next(), promise]);
    if (done) return;
    yield value;
  }
}
