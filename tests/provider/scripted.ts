import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readJson } from './reply.ts';

/** What a scripted model says next: words, or calls of tools. */
export interface Line {
  /** It says nothing but this. */
  readonly status?: number;
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly arguments: object }[];
  /** What it is said to have taken. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

export interface ScriptedRequest {
  readonly messages: readonly { readonly role: string; readonly content: string | null; readonly tool_call_id?: string }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

export interface ScriptedProvider extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ScriptedRequest[];
}

/** A provider with the API of chat completions, whose answers follow from what it is told: for conversations whose next line depends on the one before. */
export async function startScriptedProvider(script: (request: ScriptedRequest) => Line | Promise<Line>): Promise<ScriptedProvider> {
  const requests: ScriptedRequest[] = [];
  const server = createServer((request, response) => {
    readJson(request).then(
      async (body) => {
        const asked = body as unknown as ScriptedRequest;
        requests.push(asked);
        say(response, await script(asked));
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function say(response: ServerResponse, { status, text = '', calls = [], usage }: Line): void {
  if (status !== undefined) {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"message":"out of order"}}');
    return;
  }
  const words = text.match(/\S+\s*/g) ?? [];
  const tools = calls.map(({ name, arguments: args }, index) => ({
    index,
    id: `call_${index}_${name}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
  const chunks = [
    ...words.map((content) => ({ delta: { content }, finish_reason: null })),
    ...tools.map((tool) => ({ delta: { tool_calls: [tool] }, finish_reason: null })),
    { delta: {}, finish_reason: calls.length > 0 ? 'tool_calls' : 'stop' },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { delta, finish_reason } of chunks) {
    const choices = [{ index: 0, delta, finish_reason }];
    response.write(
      `data: ${JSON.stringify({ id: 'scripted', object: 'chat.completion.chunk', created: 0, model: 'scripted', choices })}\n\n`,
    );
  }
  if (usage) {
    response.write(
      `data: ${JSON.stringify({ id: 'scripted', object: 'chat.completion.chunk', created: 0, model: 'scripted', choices: [], usage })}\n\n`,
    );
  }
  response.end('data: [DONE]\n\n');
}
