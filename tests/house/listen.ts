import { applyRecord, emptyFold, foldText, foldThinking, foldToolCalls, type RunRecord } from '@openclaw-runtime/protocol';
import type { OpenClawClient, Run, RunOptions, RunResult } from 'openclaw-runtime';

/** All that a client saw of a run: its records, what they fold to, and what the client says of its end. */
export interface Heard {
  readonly records: readonly RunRecord[];
  readonly text: string;
  readonly thinking: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly result: RunResult;
}

export function ask(client: OpenClawClient, options: RunOptions): Promise<Heard> {
  return listen(client.run(options));
}

/** Follows a run to its end. Fails when the records that were iterated and the client's result differ. */
export async function listen(run: Run): Promise<Heard> {
  const records: RunRecord[] = [];
  let fold = emptyFold();
  for await (const item of run) {
    if (item.kind === 'snapshot') fold = structuredClone(item.fold);
    else {
      records.push(item);
      applyRecord(fold, item);
    }
  }
  const result = await run.result();
  const heard = { records, text: foldText(fold), thinking: foldThinking(fold), toolCalls: foldToolCalls(fold), result };
  for (const part of ['text', 'thinking', 'toolCalls'] as const) {
    if (JSON.stringify(heard[part]) !== JSON.stringify(result[part])) throw new Error(`the iterated ${part} is not the result's`);
  }
  return heard;
}

export function kinds(heard: Heard): string[] {
  return heard.records.map(({ kind }) => kind);
}
