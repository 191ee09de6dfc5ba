import {
  applyRecord,
  decodeRecords,
  emptyFold,
  foldText,
  foldThinking,
  foldToolCalls,
  type RunFold,
  type RunRequest,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Head, RunKey, Store } from '@openclaw-runtime/store';

const PAGE_BYTES = 512 * 1024;

/** What a run was asked and where it stands, from its log: `{agent, operation?, args?, parent?, epoch, head, status, text, thinking, toolCalls, usage, …}`. Rejects with `NOT_FOUND`. */
export async function readResult(store: Store, key: RunKey): Promise<object> {
  const { agent, operation, args, parent } = await requestOf(store, key);
  const snapshot = await store.runs.snapshot(key);
  let fold: RunFold = snapshot ? (JSON.parse(snapshot.fold) as RunFold) : emptyFold();
  let head: Head;
  for (;;) {
    const page = await store.runs.read(key, fold.seq, PAGE_BYTES);
    head = page.head;
    const { chunk } = page;
    if (page.snapshot) {
      fold = JSON.parse(page.snapshot.fold) as RunFold;
      continue;
    }
    if (!chunk) {
      if (fold.seq <= head.seq) break;
      fold = emptyFold();
      continue;
    }
    for (const record of decodeRecords(chunk.body, chunk.first)) applyRecord(fold, record);
    // What is in memory is read without a pause; others want to be served as well.
    // oxlint-disable-next-line eslint/no-restricted-globals -- no time is waited for
    if (fold.seq < head.seq) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const outcome = fold.outcome ?? fold.paused ?? { status: 'running' };
  return {
    // JSON leaves out what is undefined.
    agent,
    operation,
    args,
    parent,
    epoch: head.epoch,
    head: head.seq,
    ...outcome,
    text: foldText(fold),
    thinking: foldThinking(fold),
    toolCalls: foldToolCalls(fold),
    usage: fold.usage,
    level: fold.level,
  };
}

async function requestOf(store: Store, key: RunKey): Promise<RunRequest> {
  const { chunk, snapshot } = await store.runs.read(key, 0, 1);
  const [first] = JSON.parse(`[${chunk?.body ?? snapshot?.creation}]`) as [WireRecord];
  return first[3] as RunRequest;
}
