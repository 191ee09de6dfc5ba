/** Approvals in a conversation, over a real server and logs that the test writes. */
import type { Payloads } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { shortId } from '../src/commands/short-id.ts';
import { openLogHouse } from './log-house.ts';
import { createTerminal } from './terminal.ts';

const HASH = 'f'.repeat(64);
const asked: Payloads['approval.asked'] = {
  id: 'a1',
  about: 'tool',
  name: 'shell',
  text: '{"argv":["\u001b[2J"]}',
  hash: HASH,
  expiresAt: 1,
};

async function openChat() {
  const house = await openLogHouse();
  const terminal = createTerminal(100);
  const world = { ...house.world(true), out: terminal, err: terminal };
  const screen = (): string => terminal.rows().join('\n');
  const ended = house.claw(world, 'chat');
  const shows = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(screen())) await new Promise((resolve) => setImmediate(resolve));
  };
  await shows(/❯ $/);
  world.type('hello\r');
  return { house, world, screen, shows, ended, log: await house.offered(), [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() };
}

test('a tool is shown with its exact arguments, and y allows it; the answer goes on below', async () => {
  await using chat = await openChat();
  const { log, shows, world } = chat;
  await log.append(
    ['step.started', 1, { model: 'm' }],
    ['text', 1, 'Let me look.'],
    ['tool.called', 1, { id: 'c', name: 'shell', arguments: '{}' }],
  );
  await log.append(['approval.asked', 0, asked]);
  await shows(/→ shell \{\}\nclaw: may the agent call shell with exactly this\?\n {2}│ \{"argv":\["\\x1b\[2J"\]\}\ny or n, or \/deny WHY/);
  world.type('y\r');
  expect(await log.command()).toMatchObject({ kind: 'approve', data: { approval: 'a1', hash: HASH, answer: 'allow' } });
  await log.append(
    ['approval.given', 0, { id: 'a1', answer: 'allow' }],
    ['tool.result', 0, { id: 'c', name: 'shell', ms: 5, content: 'done' }],
  );
  await log.append(['text', 1, 'There it is.']);
  await shows(/◆ allowed\n← shell 5 ms: done\nThere it is\./);
  await log.end();
  await shows(/There it is\.\n❯ $/);
  world.type('\u0004');
  expect(await chat.ended).toBe(0);
});

test('/deny says why; what is no answer is a message to the run; an approval that somebody else gave is over', async () => {
  await using chat = await openChat();
  const { log, shows, world } = chat;
  await log.append(['approval.asked', 0, asked], ['approval.asked', 0, { ...asked, id: 'a2' }]);
  await shows(/y or n[^]*y or n/);
  world.type('wait a moment\r');
  expect(await log.command()).toMatchObject({ kind: 'send', data: { text: 'wait a moment', mode: 'steer' } });
  await log.append(['approval.given', 0, { id: 'a1', answer: 'expired' }]);
  await shows(/◆ nobody answered in time/);
  world.type('/deny not today\r');
  expect(await log.command()).toMatchObject({ kind: 'approve', data: { approval: 'a2', answer: 'deny', text: 'not today' } });
  world.type('/allow\r');
  await shows(/nothing is asked/);
  await log.end();
  await shows(/❯ $/);
  world.type('\u0004');
  expect(await chat.ended).toBe(0);
});

test('a question is answered by what is typed next', async () => {
  await using chat = await openChat();
  const { log, shows, world } = chat;
  await log.append(['approval.asked', 0, { ...asked, about: 'question', name: 'colour', text: 'Which colour?' }]);
  await shows(/claw: the agent asks \(colour\):\n {2}│ Which colour\?/);
  world.type('blue\r');
  expect(await log.command()).toMatchObject({ kind: 'approve', data: { approval: 'a1', answer: 'allow', text: 'blue' } });
  await log.end();
  await shows(/❯ $/);
  world.type('\u0004');
  expect(await chat.ended).toBe(0);
});

test('without a terminal nobody is asked: it says how to answer, and goes on when somebody has', async () => {
  await using house = await openLogHouse();
  const world = house.world();
  world.piped = 'hello\n';
  const ended = house.claw(world, 'chat');
  const log = await house.offered();
  await log.append(['approval.asked', 0, asked]);
  while (!world.complained().includes(`claw runs approve ${shortId(log.run)}`)) await new Promise((resolve) => setImmediate(resolve));
  await log.append(['approval.given', 0, { id: 'a1', answer: 'allow' }], ['step.started', 1, { model: 'm' }], ['text', 1, 'Done.']);
  await log.end();
  expect(await ended).toBe(0);
  expect(world.printed()).toBe('Done.\n');
});

test('who types while something is asked sees it first', async () => {
  await using chat = await openChat();
  const { log, shows, world } = chat;
  await log.append(['step.started', 1, { model: 'm' }], ['text', 1, 'Let me think. ']);
  await shows(/Let me think\./);
  world.type('bl');
  await shows(/❯ bl$/);
  await log.append(['text', 1, 'So.'], ['approval.asked', 0, { ...asked, about: 'question', text: 'Which colour?' }]);
  await shows(/So\.\nclaw: the agent asks \(shell\):\n {2}│ Which colour\?\nwhat is typed[^\n]*\n❯ bl$/);
  world.type('ue\r');
  expect(await log.command()).toMatchObject({ kind: 'approve', data: { text: 'blue' } });
  await log.end();
  await shows(/❯ $/);
  world.type('\u0004');
  expect(await chat.ended).toBe(0);
});
