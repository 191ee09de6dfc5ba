import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readJson } from './reply.ts';
import type { ScriptedRequest } from './scripted.ts';

/** Says these deltas, in one write. */
export type Say = (...deltas: readonly string[]) => void;

/** An answer: it ends when this resolves. */
export type Speak = (say: Say, request: ScriptedRequest) => Promise<void>;

export interface SpokenProvider extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ScriptedRequest[];
  /** Requests that are being answered. */
  readonly open: () => number;
}

/** A provider with the API of chat completions that says what it is told, when it is told: for what is about time. */
export async function startSpokenProvider(speak: Speak): Promise<SpokenProvider> {
  const requests: ScriptedRequest[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    response.on('close', () => open--);
    open++;
    readJson(request)
      .then(async (body) => {
        const asked = body as unknown as ScriptedRequest;
        requests.push(asked);
        response.socket?.setNoDelay();
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        await speak((...deltas) => response.write(deltas.map((content) => chunk({ content })).join('')), asked);
        finish(response);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    open: () => open,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function finish(response: ServerResponse): void {
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}

function chunk(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason }];
  return `data: ${JSON.stringify({ id: 'spoken', object: 'chat.completion.chunk', created: 0, model: 'spoken', choices })}\n\n`;
}
