import { applyRecord, decodeRecords, emptyFold, foldText, foldThinking, foldToolCalls, type RunFold } from '@openclaw-runtime/protocol';
import type { Head, RunKey, Store } from '@openclaw-runtime/store';

const PAGE_BYTES = 1024 * 1024;

/** Where a run stands, from its log: `{epoch, head, status, text, thinking, toolCalls, usage, …}`. Rejects with `NOT_FOUND`. */
export async function readResult(store: Store, key: RunKey): Promise<object> {
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
  }
  const outcome = fold.outcome ?? { status: 'running' };
  return {
    epoch: head.epoch,
    head: head.seq,
    ...outcome,
    text: foldText(fold),
    thinking: foldThinking(fold),
    toolCalls: foldToolCalls(fold),
    usage: fold.usage,
  };
}
