import { applyRecord, emptyFold, type RecordOf, type RunFold, type RunRecord, type StepFold } from '@openclaw-runtime/protocol';

/**
 * A run's fold as the store keeps it. The beginnings of long texts are apart, in parts that are written once, so that a long run's fold
 * grows by what is new.
 */
export interface Folded {
  /** Less what is in `begun`. */
  readonly fold: RunFold;
  readonly begun: Begun[];
}

/** The beginning of one text of the fold, in order. */
export interface Begun {
  /** Index of the step in the fold. */
  readonly at: number;
  readonly flow: Flow;
  readonly parts: PartRef[];
}

export type PartRef = readonly [id: number, chars: number];

/** Texts, kept as JSON without its quotes. */
export interface Parts {
  put(text: string): number;
  get(id: number): string;
  drop(id: number): void;
}

type Flow = 'text' | 'thinking';
const FLOWS: readonly Flow[] = ['text', 'thinking'];

/** A text that has grown to so much leaves the fold for a part. */
const PART_CHARS = 64 * 1024;

export function emptyFolded(): Folded {
  return { fold: emptyFold(), begun: [] };
}

/** Applies consecutive records, and moves what has grown long into parts. */
export function foldRecords(folded: Folded, records: readonly RunRecord[], parts: Parts): void {
  const { fold, begun } = folded;
  /** Dropped at the end: a record that cannot be applied leaves what is kept as it was. */
  const gone: number[] = [];
  for (const record of records) {
    const supersedes = record.kind === 'step.started' && record.data.supersedes !== undefined && fold.steps.at(-1)?.step === record.step;
    applyRecord(fold, supersedes && begun.length > 0 ? rebased(folded, record, parts, gone) : record);
  }
  for (const id of gone) parts.drop(id);
  fold.steps.forEach((step, at) => {
    for (const flow of FLOWS) {
      if (step[flow].length < PART_CHARS) continue;
      let long = begun.find((each) => each.at === at && each.flow === flow);
      if (!long) begun.push((long = { at, flow, parts: [] }));
      long.parts.push([parts.put(JSON.stringify(step[flow]).slice(1, -1)), step[flow].length]);
      step[flow] = '';
    }
  });
}

/** The fold's JSON, whole. `text` gives a part. */
export function assembleFold({ fold, begun }: Folded, text: (id: number) => string): string {
  const beginning = (at: number, flow: Flow): string =>
    (begun.find((each) => each.at === at && each.flow === flow)?.parts ?? []).map(([id]) => text(id)).join('');
  const stepJson = (step: StepFold, at: number): string =>
    objectJson(step, (name, value) =>
      name === 'text' || name === 'thinking' ? `"${beginning(at, name)}${JSON.stringify(value).slice(1)}` : undefined,
    );
  return objectJson(fold, (name) => (name === 'steps' ? `[${fold.steps.map(stepJson).join(',')}]` : undefined));
}

export function partIds({ begun }: Folded): number[] {
  return begun.flatMap(({ parts }) => parts.map(([id]) => id));
}

/** Characters, about. */
export function foldedChars({ begun }: Pick<Folded, 'begun'>): number {
  return begun.reduce((sum, { parts }) => sum + charsOf(parts), 0);
}

/** The same record for a fold that lacks the beginnings: they are cut first. */
function rebased({ fold, begun }: Folded, record: RecordOf<'step.started'>, parts: Parts, gone: number[]): RunRecord {
  const at = fold.steps.length - 1;
  const { keep = 0, keepThinking = 0 } = record.data;
  const cut = (flow: Flow, kept: number): number => {
    const long = begun.find((each) => each.at === at && each.flow === flow);
    if (!long) return kept;
    while (long.parts.length > 0 && kept < charsOf(long.parts)) {
      const [id] = long.parts.pop() as PartRef;
      const start = charsOf(long.parts);
      const step = fold.steps[at] as StepFold;
      step[flow] = kept > start ? (JSON.parse(`"${parts.get(id)}"`) as string) : '';
      gone.push(id);
    }
    return kept - charsOf(long.parts);
  };
  return { ...record, data: { ...record.data, keep: cut('text', keep), keepThinking: cut('thinking', keepThinking) } };
}

function charsOf(parts: readonly PartRef[]): number {
  return parts.reduce((sum, [, chars]) => sum + chars, 0);
}

function objectJson(object: object, written: (name: string, value: unknown) => string | undefined): string {
  const fields = Object.entries(object).filter(([, value]) => value !== undefined);
  return `{${fields.map(([name, value]) => `"${name}":${written(name, value) ?? JSON.stringify(value)}`).join(',')}}`;
}
