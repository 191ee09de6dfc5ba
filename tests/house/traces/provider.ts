/** A provider of chat completions that remembers what it was told of traces. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TracedProvider extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly { readonly model: string; readonly headers: IncomingHttpHeaders }[];
  /** The model `slow` says one word, and no more until this. */
  release(): void;
}

interface Body {
  readonly model: string;
  readonly messages: readonly { readonly role: string }[];
}

const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };

export async function startTracedProvider(): Promise<TracedProvider> {
  const asked: { model: string; headers: IncomingHttpHeaders }[] = [];
  let isHolding = true;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const body = JSON.parse(text) as Body;
      asked.push({ model: body.model, headers: request.headers });
      answer(body, response);
    });
  });
  const answer = ({ model, messages }: Body, response: ServerResponse): void => {
    if (model === 'broken') return void response.writeHead(403, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (delta: object, finish: string | null = null): void => {
      const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: finish }] };
      response.write(`data: ${JSON.stringify(finish === null ? chunk : { ...chunk, usage: USAGE })}\n\n`);
    };
    if (model === 'tools' && messages.at(-1)?.role !== 'tool') {
      say({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'calc', arguments: '{"expression":"6*7"}' } }] });
      say({}, 'tool_calls');
      return void response.end('data: [DONE]\n\n');
    }
    say({ role: 'assistant', content: 'whispered' });
    if (model === 'slow' && isHolding) return;
    say({}, 'stop');
    response.end('data: [DONE]\n\n');
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    release() {
      isHolding = false;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
