import { OpenClawError } from '@openclaw-runtime/protocol';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type Answer, parseAnswer, questionLines } from '../commands/question.ts';
import { withServer } from '../commands/server.ts';
import { shortId } from '../commands/short-id.ts';
import type { World } from '../commands/world.ts';
import { readTree } from './read-run.ts';
import type { RunsOptions } from './runs.ts';
import type { Shown, ShownApproval } from './shown.ts';

export interface ApproveOptions extends RunsOptions {
  readonly approval?: string;
  readonly allow?: boolean;
  readonly deny?: boolean;
  readonly text?: string;
}

/** Answers what a run, or one that it started, asks a person; what is not said by options is asked on the terminal. Resolves with the exit code. */
export async function approveRun(name: string, options: ApproveOptions, world: World): Promise<number> {
  if (options.allow && options.deny) throw new OpenClawError('BAD_REQUEST', '--allow and --deny cannot both be meant.');
  return withServer(options, world, async ({ api, connect }) => {
    const summary = await api.find(name);
    const waiting = waitingOf(await readTree(await connect(), api, summary), summary.run, options.approval);
    const answers: object[] = [];
    for await (const [{ run, id, hash, about, name: of }, { answer, text }] of answersTo(waiting, options, world)) {
      const words = text === undefined ? {} : { text };
      await api.approve(run, { approval: id, hash, answer, ...words });
      answers.push({ run, id, about, name: of, answer, ...words });
      if (!options.json) world.out.write(`${plainLine(of)}: ${answer === 'deny' ? 'denied' : about === 'tool' ? 'allowed' : 'answered'}\n`);
    }
    if (options.json) world.out.write(`${plainJson({ answers })}\n`);
    return 0;
  });
}

/** What a run asks that nobody has answered. */
interface Question extends ShownApproval {
  readonly run: string;
}

function waitingOf(shown: Shown, run: string, id: string | undefined): Question[] {
  const open = openIn(shown, run);
  const waiting = id === undefined ? open : open.filter((each) => each.id === id);
  // Children number what they ask as their parent does.
  const own = waiting.filter((each) => each.run === run);
  if (id !== undefined && own.length > 0) return own;
  if (waiting.length > 0) return waiting;
  const asks =
    open.length > 0 ? `does not ask ${id}. It asks: ${listOf(open)}.` : `asks for nothing${shown.outcome ? ': it has ended' : ''}.`;
  throw new OpenClawError('NOT_FOUND', `Run ${run} ${asks}`);
}

function openIn({ approvals, children, outcome }: Shown, run: string): Question[] {
  const own = outcome ? [] : approvals.filter(({ given }) => given === undefined).map((each) => ({ ...each, run }));
  return [...own, ...children.flatMap((child) => (child.run ? openIn(child.run, child.child) : []))];
}

function listOf(approvals: readonly Question[]): string {
  return approvals.map(({ run, id, name }) => `${id} (${name}, run ${shortId(run)})`).join(', ');
}

/** A question and what is said to it: both have a text. */
type Given = readonly [question: Question, answer: Answer];

async function* answersTo(waiting: readonly Question[], options: ApproveOptions, world: World): AsyncGenerator<Given, void, undefined> {
  const { allow, deny, text } = options;
  const said = allow ? 'allow' : deny ? 'deny' : undefined;
  const isSaid = ({ about }: ShownApproval): boolean => said !== undefined || (about === 'question' && text !== undefined);
  if (waiting.every(isSaid)) {
    if (waiting.length > 1)
      throw new OpenClawError('BAD_REQUEST', `Several things are asked. Name one with --approval, and its run: ${listOf(waiting)}.`);
    for (const each of waiting) yield [each, answerWith(said ?? 'allow', text)];
  } else if (world.input.isTty && world.err.isTty) yield* ask(waiting, text, world);
  else throw new OpenClawError('BAD_REQUEST', 'Nobody can be asked here. Look with claw runs show, then say --allow or --deny.');
}

/** One after the other; at the end of the input nothing more is answered. */
async function* ask(waiting: readonly Question[], text: string | undefined, { input, err }: World): AsyncGenerator<Given, void, undefined> {
  const lines = input.lines()[Symbol.asyncIterator]();
  try {
    for (const question of waiting) {
      for (const line of questionLines(question, err.width)) err.write(`${line}\n`);
      let answer: Answer | undefined;
      while (!answer) {
        err.write(question.about === 'tool' ? 'claw: y or n? ' : 'claw: the answer: ');
        const { value, done } = await lines.next();
        if (done) return;
        answer = parseAnswer(value, question.about);
      }
      yield [question, answerWith(answer.answer, answer.text ?? text)];
    }
  } finally {
    await lines.return?.();
  }
}

function answerWith(answer: Answer['answer'], text: string | undefined): Answer {
  return text === undefined || text === '' ? { answer } : { answer, text };
}
