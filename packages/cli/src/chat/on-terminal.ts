import { OpenClawError, type SendMode } from '@openclaw-runtime/protocol';
import { INTERRUPTED } from '../commands/follow.ts';
import { plainLine, plainText } from '../commands/plain.ts';
import { createPrinter } from '../commands/printer.ts';
import { parseAnswer, questionLines } from '../commands/question.ts';
import { shortId } from '../commands/short-id.ts';
import { createStyle } from '../commands/style.ts';
import { type Conversation, createConversation } from './conversation.ts';
import { PASTE_MARKS } from './keys.ts';
import { PROMPT } from './layout.ts';
import type { ChatHouse } from './options.ts';
import { createScreen, type Screen } from './screen.ts';
import { createTypist } from './typist.ts';
import { CHAT_HELP, parseWord, type Word } from './words.ts';

/** On a terminal: what is typed stands below what is said; both at once. Resolves with the exit code. */
export async function chatOnTerminal(house: ChatHouse): Promise<number> {
  const { server, world } = house;
  const screen = createScreen(world.out);
  const left = Promise.withResolvers<number>();
  const table = createTable(house, screen, (code) => left.resolve(code));

  const unlisten = world.input.keys((data) => table.hear(data));
  const release = world.onStop((signal) => left.resolve(signal === 'SIGINT' ? INTERRUPTED : 143));
  try {
    world.out.write(PASTE_MARKS.on);
    await server.connect();
    table.open();
    return await left.promise;
  } finally {
    release();
    unlisten();
    table.close();
    world.out.write(PASTE_MARKS.off);
  }
}

/** Where the one who types and the one who answers meet. */
interface Table {
  hear(data: string | undefined): void;
  open(): void;
  close(): void;
}

function createTable({ client, server, options, world }: ChatHouse, screen: Screen, left: (code: number) => void): Table {
  const { output } = screen;
  const style = createStyle(world, world.out);
  const newPrinter = (): ReturnType<typeof createPrinter> => createPrinter({ ...world, out: output, err: output }, false);
  let printer = newPrinter();
  const conversation = createConversation(client, options, world.random, () => printer, {
    began: () => typist.show(),
    asked(approval) {
      printer.block(questionLines(approval, printer.width));
      say(approval.about === 'tool' ? 'y or n, or /deny WHY' : 'what is typed next is the answer; /deny gives none');
      screen.flush();
    },
  });

  const say = (line: string): void => screen.line(style.dim(plainLine(line)));
  const complain = (error: unknown): void => {
    const { code, message } = OpenClawError.from(error);
    screen.line(style.red(plainText(`claw: ${code}: ${message}`)));
  };

  const answer = (text: string): void => {
    printer = newPrinter();
    conversation.ask(text).catch(complain).finally(typist.show);
  };
  const reach = (text: string, mode: SendMode): void => {
    conversation
      .send(text, mode)
      .then((reached) => {
        if (!reached) answer(text);
      })
      .catch(complain);
  };
  /** `false` for what is no answer to what the agent asks. */
  const respond = (word: Word): boolean => {
    const { question } = conversation;
    const given =
      word.kind === 'answer' ? word.answer : word.kind === 'say' && !word.mode && question && parseAnswer(word.text, question.about);
    if (!given) return false;
    conversation
      .answer(given)
      .then((reached) => {
        if (!reached) say('nothing is asked');
      })
      .catch(complain);
    return true;
  };
  const leave = (code: number): void => {
    screen.close();
    const id = conversation.run?.id;
    if (id !== undefined) say(`the answer goes on: claw runs tail ${shortId(id)}`);
    left(code);
  };

  const typist = createTypist(screen, {
    isAnswering: () => conversation.run !== undefined,
    submit(text, interrupting) {
      const word = parseWord(text);
      screen.close(word.kind === 'nothing' ? '' : `${style.bold(PROMPT)}${text.replaceAll('\n', '\n  ')}\n`);
      if (word.kind === 'quit') return leave(0);
      if (!interrupting && respond(word)) return typist.show();
      if (word.kind !== 'say') obey(word, conversation, say, output.write);
      else if (conversation.run) reach(word.text, interrupting ? 'interrupt' : (word.mode ?? 'steer'));
      else answer(word.text);
      typist.show();
    },
    stop: () => void conversation.run?.cancel().catch(complain),
    hold: () => printer.stop(),
    hint: say,
    leave,
  });

  /** Answers that were on their way when this terminal, or the server, went away. */
  const goOn = async (): Promise<void> => {
    const { runs } = await server.api.list({ status: 'running', limit: 1_000 });
    for (const { run } of runs.toReversed().filter(({ session }) => session === conversation.session)) {
      say('the last answer goes on:');
      await conversation.follow(client.attach(run)).catch(complain);
      typist.show();
    }
  };

  return {
    hear: typist.hear,
    open() {
      say(`session ${conversation.session} · /help`);
      conversation.resume(goOn).catch(complain);
      typist.show();
    },
    close() {
      // It goes on, and nobody here waits for it any more.
      conversation.run?.result().catch(() => undefined);
      printer.stop();
      screen.close();
    },
  };
}

function obey(
  word: Exclude<Word, { readonly kind: 'say' }>,
  conversation: Conversation,
  say: (line: string) => void,
  write: (text: string) => void,
): void {
  if (word.kind === 'new') {
    conversation.renew(word.name);
    say(`session ${conversation.session}`);
  } else if (word.kind === 'model') {
    if (word.name !== undefined) conversation.model = word.name;
    say(`model ${conversation.model ?? 'of the agent'}`);
  } else if (word.kind === 'help') write(CHAT_HELP);
  else if (word.kind === 'unknown') say(`claw: ${word.says}`);
}
