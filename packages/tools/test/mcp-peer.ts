// An MCP server over stdio, by hand, so that it can misbehave.
//   node mcp-peer.ts FOLDER
// FOLDER/tools.json: the tools it lists, read at each start. FOLDER/seen: a line for each thing that happened.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = process.argv[2] ?? '.';
const saw = (what: string): void => appendFileSync(join(folder, 'seen'), `${what}\n`);
const say = (message: object): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (words: string): object => ({ content: [{ type: 'text', text: words }] });

const nest = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

interface Request {
  readonly id?: number | string;
  readonly method?: string;
  readonly result?: object;
  readonly error?: { readonly message: string };
  readonly params?: {
    readonly name?: string;
    readonly arguments?: { readonly words?: string };
    readonly _meta?: object;
    readonly requestId?: number;
  };
}

saw(`start ${process.pid}`);
console.error('peer: starting');
// Printed by mistake, as some do.
console.log('this is no message');

for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line) as Request);
saw('end of input');

function answer({ id, method, params = {}, result, error }: Request): void {
  if (typeof id === 'string' && id.startsWith('asked-'))
    say({ id: Number(id.replace('asked-', '')), result: text(JSON.stringify(result ?? error?.message)) });
  if (method === 'initialize')
    say({ id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'peer', version: '1' } } });
  else if (method === 'tools/list')
    process.stdout.write(
      `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":${readFileSync(join(folder, 'tools.json'), 'utf8')}}}\n`,
    );
  else if (method === 'notifications/cancelled') saw(`cancelled ${params.requestId}`);
  else if (method === 'tools/call') act(Number(id ?? 0), params);
}

function act(id: number, { name, arguments: args, _meta }: NonNullable<Request['params']>): void {
  saw(`call ${name}`);
  if (name === 'echo') say({ id, result: text(`${args?.words} ${JSON.stringify(_meta)}`) });
  if (name === 'env') say({ id, result: text(JSON.stringify(process.env)) });
  if (name === 'fails') say({ id, result: { ...text('it cannot be done'), isError: true } });
  if (name === 'refuses') say({ id, error: { code: -32602, message: 'not like that' } });
  if (name === 'dies') process.exit(7);
  if (name === 'long') say({ id, result: text('x'.repeat(1_000_000)) });
  if (name === 'flood') process.stdout.write('x'.repeat(20_000_000));
  if (name === 'sampling') say({ id: 'mine', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
  if (name === 'sampling') say({ id, result: text('asked') });
  if (name === 'deep') process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":${nest(20_000)}}}\n`);
  if (name === 'asks')
    say({
      id: `asked-${id}`,
      method: 'elicitation/create',
      params: {
        message: 'Which one?',
        requestedSchema: {
          type: 'object',
          properties: { size: { type: 'integer', default: 30 }, loud: { type: 'boolean', default: true }, name: { type: 'string' } },
          required: args?.words === 'name' ? ['name'] : ['size'],
        },
      },
    });
  if (name === 'spawns') {
    const child = spawn('sleep', ['97531'], { stdio: 'inherit' });
    say({ id, result: text(String(child.pid)) });
  }
  // `hangs` gets no answer.
}
