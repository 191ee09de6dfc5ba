import type { OpenClawClient, Rewind, RunResult, TokenMeta } from '../src/index.ts';

/** An application that shows what the events say, and believes nothing else. */
export interface Screen {
  readonly tokens: readonly string[];
  readonly rewinds: readonly Rewind[];
  readonly tools: readonly string[];
  readonly errors: readonly string[];
  /** Everything in the order in which it was told. */
  readonly story: readonly string[];
  readonly text: string;
  readonly thinking: string;
  readonly done: Promise<RunResult>;
}

export function watch(client: Pick<OpenClawClient, 'on'>): Screen {
  const tokens: string[] = [];
  const rewinds: Rewind[] = [];
  const errors: string[] = [];
  const story: string[] = [];
  let tools: { readonly step: number; readonly id: string }[] = [];
  const steps = new Map<number, { text: string; thinking: string }>();
  const done = Promise.withResolvers<RunResult>();
  const of = ({ step }: TokenMeta): { text: string; thinking: string } => {
    const known = steps.get(step) ?? { text: '', thinking: '' };
    steps.set(step, known);
    return known;
  };
  const whole = (kind: 'text' | 'thinking'): string =>
    [...steps.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, step]) => step[kind])
      .join('');

  client.on('token', (text, meta) => {
    tokens.push(text);
    story.push(`token ${text}`);
    of(meta).text += text;
  });
  client.on('thinking', (text, meta) => {
    story.push(`thinking ${text}`);
    of(meta).thinking += text;
  });
  client.on('tool', (tool, { step }) => {
    const isCall = 'arguments' in tool;
    story.push(`${isCall ? 'tool' : 'result'} ${tool.id}`);
    if (isCall) tools.push({ step, id: tool.id });
  });
  client.on('approval', (approval) => story.push(`${'answer' in approval ? approval.answer : approval.about} ${approval.id}`));
  client.on('rewind', (rewind) => {
    rewinds.push(rewind);
    story.push(`rewind ${rewind.step} to ${rewind.keep}`);
    tools = tools.filter((tool) => rewind.step !== 0 && tool.step !== rewind.step);
    const step = steps.get(rewind.step);
    if (rewind.step === 0) steps.clear();
    if (step) steps.set(rewind.step, { text: step.text.slice(0, rewind.keep), thinking: step.thinking.slice(0, rewind.keepThinking) });
  });
  client.on('error', ({ code }) => {
    errors.push(code);
    story.push(`error ${code}`);
  });
  client.on('reconnect', (n) => story.push(`reconnect ${n}`));
  client.on('reconnected', (n) => story.push(`reconnected ${n}`));
  client.on('done', (result) => {
    story.push(`done ${result.status}`);
    done.resolve(result);
  });

  return {
    tokens,
    rewinds,
    errors,
    story,
    get tools() {
      return tools.map(({ id }) => id);
    },
    get text() {
      return whole('text');
    },
    get thinking() {
      return whole('thinking');
    },
    done: done.promise,
  };
}
