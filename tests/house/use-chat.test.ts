/** What `useChat` asks for, with the chat behind that hook as it is published: `@ai-sdk/react`'s, over the AI SDK's own transport. */
import { Chat } from '@ai-sdk/react';
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithToolCalls, type UIMessage } from 'ai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';

const folder = makeFolder();
let provider: TestProvider;
let scripted: ScriptedProvider;
let claw: Claw;
let text = '';

beforeAll(async () => {
  provider = await startProvider();
  scripted = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}` };
    const [, name, args = '{}'] = /^call ([\w-]+) (.*)$/.exec(last?.content ?? '') ?? [];
    return name === undefined ? { text: 'Hello there.' } : { calls: [{ name, arguments: JSON.parse(args) as object }] };
  });
  await start(0);
  text = textOf(await answerOf(chatOf('first', 'text'), 'Go.'));
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.close();
  await scripted?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => provider.reset());

async function start(port: number): Promise<void> {
  claw = await startClaw({
    data: folder.in('data'),
    port,
    config: {
      providers: { streams: { kind: 'openai', baseUrl: provider.url }, scripted: { kind: 'openai', baseUrl: scripted.url } },
      models: {
        ...Object.fromEntries(['text', 'anew'].map((name) => [name, { provider: 'streams', name: 'text' }])),
        reasoning: { provider: 'streams' },
        scripted: { provider: 'scripted' },
      },
      agents: { greeter: { instructions: 'Greet.', model: 'scripted' }, counter: { model: 'scripted', uses: ['calc'] } },
    },
  });
}

type Init = ConstructorParameters<typeof Chat<UIMessage>>[0];

function chatOf(id: string, model: string, body: object = {}, init: Init = {}): Chat<UIMessage> {
  const transport = new DefaultChatTransport<UIMessage>({ api: `${claw.http}/v1/chat`, body: { model, ...body } });
  return new Chat({ id, transport, onError: () => undefined, ...init });
}

async function answerOf(chat: Chat<UIMessage>, said: string): Promise<UIMessage> {
  await chat.sendMessage({ text: said });
  if (chat.error) throw chat.error;
  return chat.lastMessage as UIMessage;
}

function textOf({ parts }: UIMessage): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function typesOf({ parts }: UIMessage): string[] {
  return parts.map(({ type }) => type);
}

test('a chat: words, thoughts, and the turns before; its message names the run', async () => {
  const chat = chatOf('talk', 'reasoning');
  const thought = await answerOf(chat, 'Think.');
  expect(typesOf(thought)).toEqual(['step-start', 'reasoning', 'text']);
  expect(thought.parts.every((part) => !('state' in part) || part.state === 'done')).toBe(true);
  expect(thought.metadata).toMatchObject({
    openclaw: { run: thought.id.slice('msg_'.length), usage: { outputTokens: expect.any(Number) } },
  });
  const greeter = chatOf('greeted', 'agent:greeter');
  await answerOf(greeter, 'Hi.');
  expect(textOf(await answerOf(greeter, 'Again.'))).toBe('Hello there.');
  expect(scripted.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(['Greet.', 'Hi.', 'Hello there.', 'Again.']);
  await greeter.regenerate();
  expect(scripted.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(['Greet.', 'Hi.', 'Hello there.', 'Again.']);
});

test('an agent’s own tools are shown; the page’s are called there, and the message goes on', async () => {
  const own = await answerOf(chatOf('own', 'agent:counter'), 'call calc {"expression":"6*7"}');
  expect(typesOf(own)).toEqual(['step-start', 'dynamic-tool', 'step-start', 'text']);
  expect(own.parts[1]).toMatchObject({ toolName: 'calc', state: 'output-available', output: '42', input: { expression: '6*7' } });
  expect(textOf(own)).toBe('They say: 42');

  const tools = [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }];
  const chat: Chat<UIMessage> = chatOf(
    'page',
    'scripted',
    { tools },
    {
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
      onToolCall: ({ toolCall }) => {
        void chat.addToolOutput({ tool: 'weather', toolCallId: toolCall.toolCallId, output: { sky: 'grey' } });
      },
    },
  );
  await chat.sendMessage({ text: 'call weather {"city":"Bern"}' });
  await until(() => chat.status === 'ready' && textOf(chat.lastMessage as UIMessage) !== '');
  expect(chat.messages).toHaveLength(2);
  expect(typesOf(chat.lastMessage as UIMessage)).toEqual(['step-start', 'tool-weather', 'step-start', 'text']);
  expect(textOf(chat.lastMessage as UIMessage)).toBe('They say: {"sky":"grey"}');
});

test('a page that is loaded anew gets the whole answer; when nothing runs there is nothing', async () => {
  const first = chatOf('reload', 'text?gap=40');
  const sent = first.sendMessage({ text: 'Go.' });
  await until(() => first.messages.length > 1 && textOf(first.lastMessage as UIMessage).length > 40);
  const [question] = first.messages;
  // A closed page aborts its request.
  await first.stop();
  await sent;
  const second = chatOf('reload', 'text?gap=40', {}, { messages: [question as UIMessage] });
  await second.resumeStream();
  expect(textOf(second.lastMessage as UIMessage)).toBe(text);
  expect(second.lastMessage?.id).toBe(first.lastMessage?.id);
  expect(provider.stats().requests).toBe(1);
  expect((await fetch(`${claw.http}/v1/chat/reload/stream`)).status).toBe(204);
  expect((await fetch(`${claw.http}/v1/chat/never/stream`)).status).toBe(204);
});

test('kill -9 in the middle: the page comes back and gets the whole answer', async () => {
  const chat = chatOf('killed', 'text?gap=40');
  const sent = chat.sendMessage({ text: 'Go.' });
  await until(() => chat.messages.length > 1 && textOf(chat.lastMessage as UIMessage).length > 40);
  await claw.stop('SIGKILL');
  await sent;
  expect(chat.status).toBe('error');
  await start(claw.port);
  await chat.resumeStream();
  expect(textOf(chat.lastMessage as UIMessage)).toBe(text);
  expect(chat.messages).toHaveLength(2);
});

test('words that do not stand are taken back', async () => {
  const resets: string[] = [];
  const chat = chatOf('anew', 'anew?vary=1&gap=4&cut=30&times=1', { openclaw: { tokenInterval: 0 } });
  const watched = await fetchEvents({ id: 'watched', model: 'anew?vary=1&gap=4&cut=30&times=1&n=2', openclaw: { tokenInterval: 0 } });
  for (const event of watched) if (event.includes('reset-step')) resets.push(event);
  expect(resets).toHaveLength(1);
  expect(textOf(await answerOf(chat, 'Go.'))).toBe(provider.ledger().at(-1)?.full);
});

test('an answer is stopped, for good, and what is wrong with a request is said', async () => {
  const chat = chatOf('stopped', 'text?gap=60', { background: true });
  const sent = chat.sendMessage({ text: 'Go.' });
  await until(() => chat.messages.length > 1 && textOf(chat.lastMessage as UIMessage).length > 20);
  expect((await fetch(`${claw.http}/v1/chat/stopped/cancel`, { method: 'POST' })).status).toBe(202);
  await sent;
  await until(() => provider.stats().clientAborted === 1);
  expect(textOf(chat.lastMessage as UIMessage).length).toBeLessThan(text.length);
  expect((await fetch(`${claw.http}/v1/chat/stopped/cancel`, { method: 'POST' })).status).toBe(404);
  const unknown = chatOf('unknown', 'agent:nobody');
  await unknown.sendMessage({ text: 'Hi.' });
  expect(unknown.error?.message).toContain('NOT_FOUND');
  const file = chatOf('file', 'text');
  await file.sendMessage({ parts: [{ type: 'file', url: 'http://127.0.0.1:9/x.png', mediaType: 'image/png' }] });
  expect(file.error?.message).toContain('not served here');
});

async function fetchEvents(body: object): Promise<string[]> {
  const messages = [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'Go.' }] }];
  const response = await fetch(`${claw.http}/v1/chat`, { method: 'POST', body: JSON.stringify({ ...body, messages }) });
  expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
  return (await response.text()).split('\n\n');
}

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
