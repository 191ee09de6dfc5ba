import type { Message, SendMode, ToolCall } from '@openclaw-runtime/protocol';

/** A message that came while the run went on. JSON-safe. */
export interface Given {
  readonly command: string;
  readonly mode: SendMode;
  readonly text: string;
  /** The step that is the first to answer it; absent while it waits. */
  step?: number;
}

/** What a step said, as far as later steps are told. */
export interface Said {
  readonly step: number;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** Of the calls that the run carried out itself; absent before it did. */
  readonly results?: readonly ToolAnswer[];
}

/** What a call of a tool came to, as its model is told. */
export interface ToolAnswer {
  readonly id: string;
  readonly content: string;
}

export const NO_MESSAGES: readonly Given[] = [];

export function waitingOf(given: readonly Given[]): readonly Given[] {
  return given.filter(({ step }) => step === undefined);
}

/** Those that the next step answers: all that will not wait, together and in order; else one of the queue, once what came before is answered. */
export function nextToAnswer(given: readonly Given[], isFree: boolean): readonly Given[] {
  if (given.length === 0) return given;
  const waiting = waitingOf(given);
  const urgent = waiting.filter(({ mode }) => mode !== 'queue');
  return urgent.length > 0 || !isFree ? urgent : waiting.slice(0, 1);
}

/** Whether the step called tools, and the results of all are there: a further step is told of them. */
export function isTold({ toolCalls, results }: Said): boolean {
  return toolCalls.length > 0 && results?.length === toolCalls.length;
}

/** The conversation behind the run's input: of each step the messages that it answers, and what it said. */
export function dialogueOf(said: readonly Said[], given: readonly Given[]): readonly Message[] {
  return said.flatMap((each) => [...toldTo(each.step, given), ...answerOf(each)]);
}

export function toldTo(step: number, given: readonly Given[]): readonly Message[] {
  return given.filter((each) => each.step === step).map(userMessage);
}

export function userMessage({ text }: Given): Message {
  return { role: 'user', content: text };
}

/** Nothing where nothing was said: providers refuse an empty answer. */
function answerOf({ text, toolCalls, results = [] }: Said): readonly Message[] {
  if (toolCalls.length > 0) return [{ role: 'assistant', content: text, toolCalls }, ...results.map(toolMessage)];
  return text === '' ? [] : [{ role: 'assistant', content: text }];
}

function toolMessage({ id, content }: ToolAnswer): Message {
  return { role: 'tool', toolCallId: id, content };
}
