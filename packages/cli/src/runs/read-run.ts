import type { OpenClawClient, Run } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import type { Api } from '../commands/api.ts';
import { emptyShown, type Shown, see } from './shown.ts';

/** Runs below one that are read with it. */
const MOST_CHILDREN = 256;

/** Reads the log up to its head of now, and stops there also when the run goes on. */
export async function readRun(client: OpenClawClient, { run, head }: Pick<RunSummary, 'run' | 'head'>): Promise<Shown> {
  const shown = emptyShown();
  const reader: Run = client.attach(run);
  reader.result().catch(() => undefined);
  for await (const item of reader) {
    see(shown, item);
    if (item.seq >= head) break;
  }
  reader.detach();
  return shown;
}

/** The run with the runs that it started, and those that they did. One that is gone is told as far as its parent knows it. */
export async function readTree(client: OpenClawClient, api: Api, root: RunSummary): Promise<Shown> {
  const shown = await readRun(client, root);
  // Those near the root come first; the list grows while it is read.
  const children = shown.children.slice(0, MOST_CHILDREN);
  for (const child of children) {
    const summary = await unlessGone(api.find(child.child));
    if (!summary) continue;
    child.run = { ...summary, ...(await readRun(client, summary)) };
    children.push(...child.run.children.slice(0, Math.max(0, MOST_CHILDREN - children.length)));
  }
  return shown;
}

async function unlessGone(found: Promise<RunSummary>): Promise<RunSummary | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
