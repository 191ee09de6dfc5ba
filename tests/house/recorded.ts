import { loadStreams, OWN_STREAMS } from '../provider/streams.ts';
import { expectedOfAnthropic } from './expected/anthropic.ts';
import { expectedOfChat } from './expected/chat.ts';
import type { Expected } from './expected/meaning.ts';
import { expectedOfResponses } from './expected/responses.ts';

export type WireName = 'openai-chat' | 'anthropic' | 'openai-responses';

/** A recorded stream, and what it means. */
export interface Recorded {
  /** As its file is called: `WIRE.NAME`. */
  readonly title: string;
  readonly wire: WireName;
  readonly name: string;
  readonly lines: readonly string[];
  readonly whole: Expected;
  /** Half of its lines. */
  readonly half: number;
  /** What lines from its beginning mean. */
  expected(lines: readonly string[]): Expected;
}

const MEANINGS: Readonly<Record<WireName, (lines: readonly string[]) => Expected>> = {
  'openai-chat': expectedOfChat,
  anthropic: expectedOfAnthropic,
  'openai-responses': expectedOfResponses,
};

/** The project's own streams, or those of the folder that `OPENCLAW_RECORDINGS` names. */
export const RECORDINGS = process.env['OPENCLAW_RECORDINGS'] ?? OWN_STREAMS;

/** All streams of {@link RECORDINGS}, or those of some wires. */
export function loadRecorded(wires: readonly WireName[] = ['openai-chat', 'anthropic', 'openai-responses']): readonly Recorded[] {
  return wires.flatMap((wire) =>
    [...loadStreams(RECORDINGS, wire)].map(([name, lines]) => {
      const expected = MEANINGS[wire];
      return { title: `${wire}.${name}`, wire, name, lines, whole: expected(lines), half: Math.floor(lines.length / 2), expected };
    }),
  );
}
