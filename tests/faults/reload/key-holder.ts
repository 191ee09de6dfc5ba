/** A provider that lets in whoever has the key of the moment, or the one before it, and remembers which was shown. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface KeyHolder extends AsyncDisposable {
  readonly url: string;
  /** From here on this key is right; the one before it still is. */
  rotate(key: string): void;
  /** The key that was shown last. */
  readonly shown: string;
  readonly refused: number;
  /** How often somebody asked this. */
  asked(prompt: string): number;
}

/** What it says, word by word, to whoever asks for a long answer. */
export const LONG: readonly string[] = Array.from({ length: 20 }, (_, i) => `word${i} `);
const WORD_MS = 30;

export async function startKeyHolder(first: string): Promise<KeyHolder> {
  let right = [first];
  let shown = '';
  let refused = 0;
  const server = createServer((request, response) => {
    shown = (request.headers.authorization ?? '').replace('Bearer ', '');
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => void answer(body, response));
  });
  const counts = new Map<string, number>();
  const answer = async (body: string, response: ServerResponse): Promise<void> => {
    if (!right.includes(shown)) {
      refused++;
      return void response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"wrong key"}}');
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (delta: object, finish: string | null): void => {
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'keyed', choices })}\n\n`);
    };
    const { messages } = JSON.parse(body) as { readonly messages: readonly { readonly content: string }[] };
    const prompt = messages.at(-1)?.content ?? '';
    counts.set(prompt, (counts.get(prompt) ?? 0) + 1);
    for (const word of prompt.startsWith('long') ? LONG : ['let in']) {
      say({ content: word }, null);
      if (prompt.startsWith('long')) await sleep(WORD_MS);
    }
    say({}, 'stop');
    response.end('data: [DONE]\n\n');
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    rotate(key) {
      right = [right.at(-1) as string, key];
    },
    get shown() {
      return shown;
    },
    asked: (prompt) => counts.get(prompt) ?? 0,
    get refused() {
      return refused;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
