import {
  applyRecord,
  chain,
  decodeRecord,
  emptyFold,
  encodeRecord,
  NO_USAGE,
  type RunFold,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { createMemoryStore, type Page, runKey, type Snapshot, type Store } from '@openclaw-runtime/store';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyReplay, beginReplay, replayRun } from '../src/run/replay.ts';

const happening = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('text' as const, 'thinking' as const), text: fc.string({ minLength: 1, maxLength: 8 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('resumed' as const),
      by: fc.constantFrom('fresh' as const, 'attach' as const, 'continue' as const, 'compare' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('supersede' as const), keep: fc.nat(20), model: fc.constantFrom('m', 'n') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('end' as const, 'cancel' as const, 'feedback' as const, 'responding' as const, 'retried' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('message' as const),
      mode: fc.constantFrom('queue' as const, 'steer' as const, 'interrupt' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('call' as const), records: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('piece' as const, 'save' as const, 'event' as const, 'child' as const, 'lost' as const),
      what: fc.constantFrom('step' as const, 'stream' as const, 'generate' as const, 'ask' as const, 'run' as const),
    }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** A log in which these things happen, as encoded. */
function logOf(happenings: readonly Happening[], operation?: string): string[] {
  const log = [encodeRecord('run.created', 0, 0, { agent: 'a', input: 'q', ...(operation && { operation }), at: 0, fingerprint: 'f' })];
  let [step, attempt, open, text, thinking, commands] = [0, 1, false, 0, 0, 0];
  let waiting: string[] = [];
  for (const each of happenings) {
    if (!open) {
      log.push(encodeRecord('step.started', ++step, 1, { model: 'm', ...(waiting.length > 0 ? { answers: waiting } : {}) }));
      [attempt, open, text, thinking, waiting] = [1, true, 0, 0, []];
    }
    const command = `c${++commands}`;
    switch (each.kind) {
      case 'text':
      case 'thinking':
        if (each.kind === 'text') text += each.text.length;
        else thinking += each.text.length;
        log.push(encodeRecord(each.kind, step, attempt, each.text));
        break;
      case 'resumed':
        log.push(encodeRecord('step.resumed', step, attempt, { by: each.by }));
        break;
      case 'supersede':
        [text, thinking] = [Math.min(text, each.keep), Math.min(thinking, each.keep)];
        log.push(
          encodeRecord('step.started', step, attempt + 1, { model: each.model, supersedes: attempt++, keep: text, keepThinking: thinking }),
        );
        break;
      case 'end':
        log.push(encodeRecord('step.ended', step, attempt, { finish: 'stop', usage: { ...NO_USAGE, outputTokens: text } }));
        open = false;
        break;
      case 'cancel':
        log.push(encodeRecord('cancel.requested', 0, 0, { command }));
        break;
      case 'feedback':
        log.push(encodeRecord('feedback.given', 0, 0, { command, feedback: 1 }));
        break;
      case 'message':
        waiting.push(command);
        log.push(encodeRecord('message.given', 0, 0, { command, mode: each.mode, text: command }));
        break;
      case 'responding':
        log.push(encodeRecord('step.responding', step, attempt, { response: command }));
        break;
      case 'retried':
        log.push(encodeRecord('step.retried', step, attempt, { error: { code: 'PROVIDER_FAILED', message: 'm' }, delayMs: 0, model: 'n' }));
        break;
      case 'call': {
        const ended = encodeRecord('step.ended', step, attempt, { finish: 'tool_calls', usage: NO_USAGE });
        log.push(encodeRecord('tool.called', step, attempt, { id: 'c', name: 't', arguments: '{}' }), ended);
        const [id, name] = ['c', 't'];
        const after = [
          encodeRecord('approval.asked', step, attempt, { id: `${step}.1`, about: 'tool', name, text: '{}', hash: 'h', expiresAt: 1 }),
          encodeRecord('approval.given', 0, 0, { id: `${step}.1`, answer: 'allow', command }),
          encodeRecord('tool.started', step, attempt, { id, name, key: command }),
          encodeRecord('tool.started', step, attempt, { id, name, key: command }),
          encodeRecord('tool.result', step, attempt, { id, name, ms: 1, content: command }),
        ];
        log.push(...after.slice(0, each.records));
        open = false;
        break;
      }
      case 'piece':
        log.push(encodeRecord('piece.done', 0, 0, { what: each.what, name: 'p', n: 0, ms: 1, value: JSON.stringify({ usage: NO_USAGE }) }));
        break;
      case 'save':
        log.push(encodeRecord('state.saved', 0, 0, { version: 1, state: command }));
        break;
      case 'event':
        log.push(encodeRecord('event', 0, 0, { name: each.what, data: 1 }));
        break;
      case 'child':
        log.push(encodeRecord('child.started', 0, 0, { child: command, agent: 'a', name: 'n' }));
        if (each.what !== 'run') log.push(encodeRecord('child.finished', 0, 0, { child: command, name: 'n', status: 'completed' }));
        break;
      case 'lost':
        log.push(encodeRecord('thread.lost', 0, 0, { error: { code: 'THREAD_LOST', message: 'm' }, restarts: 1 }));
        break;
    }
  }
  return log;
}

function foldOf(log: readonly string[]): RunFold {
  const fold = emptyFold();
  log.forEach((text, i) => {
    applyRecord(fold, decodeRecord(JSON.parse(text) as WireRecord, i + 1));
  });
  return fold;
}

function replayOf(log: readonly string[]): string {
  const state = beginReplay();
  log.forEach((text, i) => {
    applyReplay(state, decodeRecord(JSON.parse(text) as WireRecord, i + 1));
  });
  return JSON.stringify(state);
}

/** A store that holds this log, of which the records up to `gone` are no more. */
function storeOf(log: readonly string[], gone: number, snapshot: Snapshot | undefined): Store {
  const h = (seq: number): number => log.slice(0, seq).reduce(chain, 0);
  const head = { epoch: 1, seq: log.length, h: h(log.length), done: false };
  const read = (_key: string, after: number): Page => {
    if (after < gone && snapshot) return { head, before: snapshot.h, snapshot };
    const some = log.slice(after, after + 3);
    if (some.length === 0) return { head, before: h(after) };
    return { head, before: h(after), chunk: { first: after + 1, count: some.length, body: some.join(','), h: h(after + some.length) } };
  };
  const inner = createMemoryStore();
  return { ...inner, runs: { ...inner.runs, read, snapshot: () => Promise.resolve(snapshot) } };
}

describe('replay', () => {
  test('I5: from a snapshot, what the owner saved and the rest of the log, it is what it is from the whole log', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { maxLength: 60 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.constantFrom(undefined, 'work'),
        async (happenings, cutFold, cutReplay, cutGone, operation) => {
          const log = logOf(happenings, operation);
          const [folded, saved] = [1 + (cutFold % log.length), cutReplay % (log.length + 1)];
          const gone = cutGone % (1 + Math.min(folded, saved));
          const snapshot: Snapshot = {
            seq: folded,
            h: log.slice(0, folded).reduce(chain, 0),
            fold: JSON.stringify(foldOf(log.slice(0, folded))),
            creation: log[0] as string,
            ...(saved > 0 ? { replay: replayOf(log.slice(0, saved)) } : {}),
          };
          const key = runKey('t', 'r');
          const whole = await replayRun(storeOf(log, 0, undefined), key, log.length);
          const short = await replayRun(storeOf(log, gone, snapshot), key, log.length);
          expect(JSON.stringify(short.fold)).toBe(JSON.stringify(foldOf(log)));
          expect(JSON.stringify(short.state)).toBe(replayOf(log));
          expect(short).toEqual(whole);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('what an owner saves does not grow with what was said', () => {
    const log = logOf(Array.from({ length: 200 }, () => ({ kind: 'text', text: 'x'.repeat(1_000) }) as const));
    expect(replayOf(log).length).toBeLessThan(500);
  });

  test('what an owner saves of a run without tools is what it always was', () => {
    const state = JSON.parse(replayOf(logOf([{ kind: 'text', text: 'x' }, { kind: 'end' }]))) as object;
    expect(Object.keys(state).sort()).toEqual(['accepted', 'course', 'given', 'said', 'seq', 'step']);
  });

  test('what an owner saves of an operation begins anew when its state is saved', () => {
    const much = Array.from({ length: 100 }, () => ({ kind: 'piece', what: 'step' }) as const);
    const before = replayOf(logOf([{ kind: 'save', what: 'step' }], 'work')).length;
    expect(replayOf(logOf([...much, { kind: 'save', what: 'step' }], 'work')).length).toBeLessThan(before + 20);
  });
});
