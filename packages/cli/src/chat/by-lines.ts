import { OpenClawError } from '@openclaw-runtime/protocol';
import { INTERRUPTED } from '../commands/follow.ts';
import { plainJson, plainText } from '../commands/plain.ts';
import { createPrinter } from '../commands/printer.ts';
import { questionLines } from '../commands/question.ts';
import { shortId } from '../commands/short-id.ts';
import { type Conversation, createConversation } from './conversation.ts';
import type { ChatHouse } from './options.ts';
import { CHAT_HELP, parseWord } from './words.ts';

/** Without a terminal: a turn a line, each answered before the next is read. A backslash at a line's end goes on in the next one. */
export async function chatByLines({ client, server, options, world }: ChatHouse): Promise<number> {
  const json = options.json ?? false;
  const printer = { now: createPrinter(world, json) };
  const conversation = createConversation(client, options, world.random, () => printer.now, {
    asked(approval, run) {
      printer.now.block(questionLines(approval, printer.now.width));
      printer.now.note(`it waits for the answer: claw runs approve ${shortId(run.id)}`);
    },
  });
  await server.connect();
  // Nothing else ends the wait for a line that may never come.
  const release = world.onStop(() => {
    if (conversation.run) conversation.run.cancel().catch(() => world.exit(INTERRUPTED));
    else world.exit(INTERRUPTED);
  });
  const talk = async (): Promise<number> => {
    let code = 0;
    for await (const message of messagesOf(world.input.lines())) {
      const word = parseWord(message);
      if (word.kind === 'quit') break;
      if (word.kind === 'say') {
        printer.now = createPrinter(world, json);
        code = await turn(conversation, word.text);
      } else obey(word);
    }
    return code;
  };
  const turn = async (asked: Conversation, text: string): Promise<number> => {
    try {
      return (await asked.ask(text)).status === 'completed' ? 0 : 1;
    } catch (error) {
      const { code, message } = OpenClawError.from(error);
      if (json) world.out.write(`${plainJson({ error: { code, message } })}\n`);
      else world.err.write(`claw: ${plainText(`${code}: ${message}`)}\n`);
      return 1;
    }
  };
  const obey = (word: Exclude<ReturnType<typeof parseWord>, { kind: 'say' }>): void => {
    if (word.kind === 'new') conversation.renew(word.name);
    else if (word.kind === 'model') conversation.model = word.name;
    else if (word.kind === 'answer') world.err.write('claw: nothing is asked here; see claw runs approve\n');
    else if (word.kind === 'help') world.err.write(CHAT_HELP);
    else if (word.kind === 'unknown') world.err.write(`claw: ${word.says}\n`);
  };
  try {
    return await talk();
  } finally {
    release();
  }
}

async function* messagesOf(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let begun = '';
  for await (const line of lines) {
    if (line.endsWith('\\')) begun += `${line.slice(0, -1)}\n`;
    else {
      yield begun + line;
      begun = '';
    }
  }
  if (begun !== '') yield begun;
}
