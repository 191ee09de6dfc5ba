import type { RunResult } from '@openclaw-runtime/client';
import type { RunFold } from '@openclaw-runtime/protocol';
import { plainJson, plainLine, plainText } from './plain.ts';
import { createSpinner } from './spinner.ts';
import { createStyle } from './style.ts';
import type { World } from './world.ts';

/** How a run reaches the terminal: its text on stdout, all else on stderr; with JSON one line at the end. What others wrote cannot steer the terminal. */
export interface Printer {
  /** Columns of a line. */
  readonly width: number;
  /** Shows that an answer is awaited, until something is printed. */
  wait(): void;
  text(text: string, step: number): void;
  thinking(text: string): void;
  /** Of the step's text only the first `keep` UTF-16 units stand. */
  rewind(step: number, keep: number): void;
  /** All that was said is this: what of it was printed is not printed again. */
  replaced(fold: RunFold): void;
  /** The program speaks. */
  note(line: string): void;
  /** Something happened beside the answer. */
  aside(line: string): void;
  /** Lines that are read before something is decided. */
  block(lines: readonly string[]): void;
  /** A result of this call was seen. */
  answered(call: string): void;
  end(run: string | undefined, result: RunResult): void;
  /** Takes away what would go on moving. */
  stop(): void;
}

const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

export function createPrinter(world: Pick<World, 'out' | 'err' | 'clock' | 'config'>, json: boolean): Printer {
  const { out, err } = world;
  const style = createStyle(world, err, json);
  const spinner = createSpinner(world, style.hasColour);
  const [dim, plain] = style.hasColour ? [DIM, PLAIN] : ['', ''];
  /** What was printed of each step. */
  const steps = new Map<number, string>();
  const answered = new Set<string>();
  let last = 0;
  let ending = '\n';
  /** On a terminal: the answer stands in the line where the cursor is. */
  let isMidLine = false;
  let isThinking = false;

  const write = (text: string): void => {
    spinner.stop();
    if (isThinking) err.write(`${plain}\n`);
    isThinking = false;
    out.write(out.isTty ? plainText(text) : text);
    ending = text;
    isMidLine = out.isTty && !text.endsWith('\n');
  };
  const lines = (texts: readonly string[]): void => {
    spinner.stop();
    if (isThinking) err.write(plain);
    if (err.isTty && (isThinking || isMidLine)) err.write('\n');
    isThinking = false;
    isMidLine = false;
    for (const line of texts) err.write(`${line}\n`);
  };
  const note = (line: string): void => lines([`claw: ${plainLine(line)}`]);

  const text = (said: string, step: number): void => {
    if (json || said === '') return;
    if (last !== 0 && step !== last && !ending.endsWith('\n')) write(isMidLine || !out.isTty ? '\n\n' : '\n');
    last = step;
    steps.set(step, (steps.get(step) ?? '') + said);
    write(said);
  };
  const rewind = (step: number, keep: number): void => {
    const printed = steps.get(step) ?? '';
    const stands = printed.slice(0, keep);
    steps.set(step, stands);
    if (json || stands === printed) return;
    // What is printed cannot be taken back: say so, and print again what stands.
    note('the model answers differently after the interruption; from its start again:');
    write(`\n${stands}`);
  };

  return {
    width: err.width,
    wait: () => spinner.start('waiting for the answer'),
    text,
    thinking(said) {
      if (json || !err.isTty) return;
      spinner.stop();
      err.write((isThinking ? '' : dim) + plainText(said));
      isThinking = true;
    },
    rewind,
    replaced(fold) {
      const now = new Map(fold.steps.map((each) => [each.step, each.text]));
      for (const [step, printed] of [...steps].toReversed()) rewind(step, commonLength(printed, now.get(step) ?? ''));
      for (const [step, whole] of now) text(whole.slice((steps.get(step) ?? '').length), step);
    },
    note,
    aside(line) {
      if (!json) lines([style.dim(plainLine(line))]);
    },
    block: (texts) => {
      if (!json) lines(texts);
    },
    answered: (call) => void answered.add(call),
    end(run, result) {
      spinner.stop();
      if (json) {
        out.write(`${plainJson({ run, ...result })}\n`);
        return;
      }
      if (isThinking) err.write(plain);
      isThinking = false;
      if (!ending.endsWith('\n')) out.write('\n');
      ending = '\n';
      const { toolCalls, error, status, value, reason = status === 'completed' ? 'tool_calls' : undefined } = result;
      if (value !== undefined) out.write(`${out.isTty ? plainText(value) : value}\n`);
      const unanswered = reason === 'tool_calls' ? toolCalls.filter(({ id }) => !answered.has(id)) : [];
      for (const { name, arguments: given } of unanswered) note(`the model calls ${name} ${given}`);
      if (error) note(`${error.code}: ${error.message}`);
      else if (status !== 'completed') note(`the run was ${status}`);
    },
    stop: () => spinner.stop(),
  };
}

/** In UTF-16 units, never inside a surrogate pair. */
function commonLength(a: string, b: string): number {
  let end = 0;
  while (end < a.length && a.charCodeAt(end) === b.charCodeAt(end)) end++;
  return end < a.length && /[\ud800-\udbff]/.test(a.charAt(end - 1)) ? end - 1 : end;
}
