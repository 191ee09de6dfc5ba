// An MCP server that speaks the newest revision of the protocol only, by the server half of the SDK.
//   node newest-server.ts          over its pipes
//   node newest-server.ts http     on a port that it prints
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

function build(): McpServer {
  const server = new McpServer({ name: 'newest', version: '1' });
  server.registerTool(
    'add',
    { inputSchema: z.object({ a: z.number(), b: z.number() }), annotations: { readOnlyHint: true } },
    ({ a, b }) => ({
      content: [{ type: 'text', text: String(a + b) }],
    }),
  );
  return server;
}

if (process.argv[2] === 'http') {
  const handler = createMcpHandler(build, { legacy: 'reject' });
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = 'GET', url = '/', headers } = request;
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
      const answer = await handler.fetch(
        new Request(`http://${headers.host}${url}`, { method, headers: headers as Record<string, string>, ...body }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
} else serveStdio(build, { legacy: 'reject' });
