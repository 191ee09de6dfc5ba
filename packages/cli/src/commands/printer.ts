import type { RunResult } from '@openclaw-runtime/client';
import { createSpinner } from './spinner.ts';
import { createStyle } from './style.ts';
import type { World } from './world.ts';

/** How a run's answer reaches the terminal: text on stdout, all else on stderr; with JSON one line at the end. */
export interface Printer {
  /** Shows that an answer is awaited, until something is printed. */
  wait(): void;
  text(text: string, step: number): void;
  thinking(text: string): void;
  /** Of the step's text only the first `keep` UTF-16 units stand; step 0 is the whole run. */
  rewind(step: number, keep: number): void;
  note(line: string): void;
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
  let last = 0;
  let ending = '\n';
  let isThinking = false;

  const write = (text: string): void => {
    spinner.stop();
    if (isThinking) err.write(`${plain}\n`);
    isThinking = false;
    out.write(text);
    ending = text;
  };
  const note = (line: string): void => {
    spinner.stop();
    if (isThinking) err.write(plain);
    if (err.isTty && (isThinking || !ending.endsWith('\n'))) err.write('\n');
    isThinking = false;
    err.write(`claw: ${line}\n`);
  };

  return {
    wait: () => spinner.start('waiting for the answer'),
    text(text, step) {
      if (json || text === '') return;
      if (last !== 0 && step !== last && !ending.endsWith('\n')) write('\n\n');
      last = step;
      steps.set(step, (steps.get(step) ?? '') + text);
      write(text);
    },
    thinking(text) {
      if (json || !err.isTty) return;
      spinner.stop();
      err.write(isThinking ? text : dim + text);
      isThinking = true;
    },
    rewind(step, keep) {
      const printed = step === 0 ? [...steps.values()].join('') : (steps.get(step) ?? '');
      const stands = step === 0 ? '' : printed.slice(0, keep);
      if (step === 0) steps.clear();
      else steps.set(step, stands);
      if (json || stands === printed) return;
      // What is printed cannot be taken back: say so, and print again what stands.
      note('the model answers differently after the interruption; from its start again:');
      write(`\n${stands}`);
    },
    note,
    end(run, result) {
      spinner.stop();
      if (json) {
        out.write(`${JSON.stringify({ run, ...result })}\n`);
        return;
      }
      if (isThinking) err.write(plain);
      isThinking = false;
      if (!ending.endsWith('\n')) out.write('\n');
      ending = '\n';
      for (const { name, arguments: given } of result.toolCalls) err.write(`claw: the model calls ${name} ${given}\n`);
      if (result.error) err.write(`claw: ${result.error.code}: ${result.error.message}\n`);
      else if (result.status !== 'completed') err.write(`claw: the run was ${result.status}\n`);
    },
    stop: () => spinner.stop(),
  };
}
