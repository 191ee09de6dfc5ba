import type { Clock } from '@openclaw-runtime/kit';
import type { RunFold, RunRecord, StepFold, ToolCall } from '@openclaw-runtime/protocol';
import type { Emitter } from './emitter.ts';
import type { Rewind, TokenMeta } from './events.ts';
import { type Kept, keptOf } from './kept.ts';
import { createPace, type PaceOptions } from './pace.ts';
import type { Position } from './position.ts';
import type { RunResult } from './result.ts';

/** Turns what is heard of one run into the client's events, at the asked pace. */
export interface Teller {
  record(record: RunRecord): void;
  /** What was told before gives way to `position`; `before` is absent when nobody knows what was told. */
  replaced(before: RunFold | undefined, position: Position): void;
  done(result: RunResult, position: Position): void;
  /** Tells what is held back, and then not another word. */
  stop(): void;
  /** Everything heard was told. */
  readonly idle: boolean;
}

export interface TellerOptions extends PaceOptions {
  readonly clock: Clock;
  readonly emitter: Emitter;
  /** `false`: nothing before the end, then everything in one piece. */
  readonly streaming: boolean;
  readonly about: { readonly run: string | undefined; readonly agent: string | undefined };
}

export function createTeller(options: TellerOptions): Teller {
  const { emitter, streaming, about } = options;
  const run = (): string => about.run ?? '';
  let live = true;
  const tell: Emitter['emit'] = (event, ...args) => {
    if (live) emitter.emit(event, ...args);
  };
  const pace = createPace(options.clock, options, ({ kind, text, meta }) => tell(kind, text, meta));

  const metaOf = (seq: number, step: number, attempt: number): TokenMeta => ({ run: run(), seq, step, attempt, agent: about.agent });

  const rewind = (back: Omit<Rewind, 'run'>): void => {
    pace.flush();
    tell('rewind', { run: run(), ...back });
  };

  const tellRest = (seq: number, { step, attempt, text, thinking, toolCalls }: StepFold, kept?: Kept): void => {
    const meta = metaOf(seq, step, attempt);
    pace.push({ kind: 'thinking', text: thinking.slice(kept?.keepThinking), meta });
    pace.push({ kind: 'token', text: text.slice(kept?.keep), meta });
    pace.flush();
    for (const call of toolCalls.slice(kept?.keepCalls)) tell('tool', call, meta);
  };

  return {
    record(record) {
      if (!streaming) return;
      const meta = metaOf(record.seq, record.step, record.attempt);
      switch (record.kind) {
        case 'text':
        case 'thinking': {
          const kind = record.kind === 'text' ? 'token' : 'thinking';
          let at = 0;
          for (const length of record.deltas ?? [record.data.length]) {
            pace.push({ kind, text: record.data.slice(at, at + length), meta });
            at += length;
          }
          return;
        }
        case 'tool.called':
        case 'tool.result':
        case 'approval.asked':
        case 'approval.given':
          pace.flush();
          tell(record.kind.split('.')[0] as 'tool', record.data as ToolCall, meta);
          return;
        case 'level.chosen':
          tell('level', record.data.level, meta);
          return;
        case 'tier.changed':
          tell('tier', record.data.tier, meta);
          return;
        case 'step.started': {
          const { supersedes, keep = 0, keepThinking = 0 } = record.data;
          if (supersedes !== undefined) rewind({ step: record.step, keep, keepThinking });
          return;
        }
        default:
      }
    },

    replaced(before, { seq, fold }) {
      if (!streaming) return;
      const kept = before ? keptOf(before, fold) : [];
      if (!before) rewind({ step: 0, keep: 0, keepThinking: 0 });
      // Backwards, so that whoever appends all text to one string can cut its end each time.
      for (const { step, cut, keep, keepThinking } of kept.toReversed()) if (cut) rewind({ step, keep, keepThinking });
      fold.steps.forEach((step, i) => {
        tellRest(seq, step, kept[i]);
      });
    },

    done(result, { seq, fold }) {
      const last = fold.steps.at(-1);
      if (!streaming && last) tellRest(seq, { ...last, ...result, toolCalls: [...result.toolCalls] });
      pace.flush();
      tell('done', result, { run: run() });
    },

    stop() {
      pace.flush();
      live = false;
    },

    get idle() {
      return pace.idle;
    },
  };
}
