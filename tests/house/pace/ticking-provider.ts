import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson } from '../../provider/reply.ts';

/** A provider with the API of chat completions, at a speed that the model's name says: `tick?tokens=40&gap=50&burst=1`. */
export interface TickingProvider extends AsyncDisposable {
  readonly url: string;
  /** When each token was sent, by the question: on the clock of this process. */
  readonly sentAtMs: ReadonlyMap<string, readonly number[]>;
}

/** Token `i` of an answer. */
export const token = (i: number): string => `t${i} `;

export async function startTickingProvider(): Promise<TickingProvider> {
  const sentAtMs = new Map<string, number[]>();
  const server = createServer({ noDelay: true }, (request, response) => {
    readJson(request).then(
      (body) => {
        const { model, messages } = body as unknown as {
          readonly model: string;
          readonly messages: readonly { readonly content: string }[];
        };
        const at: number[] = [];
        sentAtMs.set(messages.at(-1)?.content ?? '', at);
        return tick(response, new URLSearchParams(model.split('?')[1]), at);
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    sentAtMs,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** By the clock: a timer that comes late is followed by a larger burst, or by a shorter gap. */
async function tick(response: ServerResponse, options: URLSearchParams, sentAtMs: number[]): Promise<void> {
  const [tokens, gapMs, burst] = [Number(options.get('tokens')), Number(options.get('gap')), Number(options.get('burst') ?? 1)];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const begunMs = performance.now();
  while (sentAtMs.length < tokens) {
    const nowMs = performance.now();
    const due = Math.min((Math.floor((nowMs - begunMs) / gapMs) + 1) * burst, tokens);
    let text = '';
    for (; sentAtMs.length < due; sentAtMs.push(nowMs)) text += chunk({ content: token(sentAtMs.length) }, null);
    if (text !== '') response.write(text);
    await sleep(Math.max(begunMs + (due / burst) * gapMs - performance.now(), 1));
  }
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}

function chunk(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'tick', object: 'chat.completion.chunk', created: 0, model: 'tick', choices })}\n\n`;
}
