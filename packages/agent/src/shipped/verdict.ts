import type { ToolCall } from '@openclaw-runtime/protocol';
import { z } from 'zod';

export const VERDICT_TOOL = 'verdict';

export const verdictSchema = z.object({
  accept: z.boolean(),
  summary: z.string(),
  findings: z.array(z.string()).default([]),
});

/** What a reviewer says of what was done. */
export interface Verdict {
  readonly accept: boolean;
  readonly summary: string;
  /** What has to change; empty where nothing has. */
  readonly findings: readonly string[];
}

/** Places in a text at which its verdict is looked for. */
const MAX_TRIES = 200;

/** A run's last verdict: a call of the tool for it, else JSON of that shape in its text, which is how an agent without that tool may say it. */
export function verdictOf({ calls = [], text }: { readonly calls?: readonly ToolCall[]; readonly text: string }): Verdict | undefined {
  const told = calls.findLast(({ name }) => name === VERDICT_TOOL);
  return (told && read(told.arguments)) ?? inText(text);
}

function inText(text: string): Verdict | undefined {
  const end = text.lastIndexOf('}') + 1;
  let start = end;
  for (let tries = 0; tries < MAX_TRIES && start > 0; tries++) {
    start = text.lastIndexOf('{', start - 1);
    if (start < 0) return undefined;
    const found = read(text.slice(start, end));
    if (found) return found;
  }
  return undefined;
}

function read(json: string): Verdict | undefined {
  try {
    return verdictSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
