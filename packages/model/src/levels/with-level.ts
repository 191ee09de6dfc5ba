import type { Leveled, ModelEnd, ModelRequest, ModelSink } from '../contract/broker.ts';
import type { Control } from './control.ts';
import type { Fields } from './fields.ts';
import { planLevel } from './plan.ts';
import { instructed } from './prompt/instructed.ts';
import { play } from './prompt/play.ts';
import { candidatesCritiqueVote, planSolveCheck } from './prompt/strategies.ts';
import { ThinkingSink } from './prompt/thinking-sink.ts';
import type { Room } from './room.ts';

/** One try, with what was made of its level. */
export type AskWith = (request: ModelRequest, sink: ModelSink, fields: Fields) => Promise<ModelEnd>;

/** The model that is asked. */
export interface Leveling {
  readonly control: () => Control;
  /** The name at the provider. */
  readonly model: string;
  readonly room?: Room;
}

const NOTHING: Fields = {};

/** Asks with the level that the request has, and tells the sink what became of it. */
export function withLevel(
  { control: find, model, room }: Leveling,
  request: ModelRequest,
  sink: ModelSink,
  ask: AskWith,
): Promise<ModelEnd> {
  const { level } = request;
  if (level === undefined) return ask(request, sink, NOTHING);
  const control = find();
  if (control.kind === 'prompt') return prompted(request, level, sink, ask);
  // What is read again was told its level when it began.
  if (request.attach !== undefined) return ask(request, sink, NOTHING);
  const { fields, leveled } = planLevel(control, request, level, model, room);
  sink.leveled?.(leveled);
  return ask(request, sink, fields);
}

async function prompted(
  request: ModelRequest,
  level: NonNullable<ModelRequest['level']>,
  sink: ModelSink,
  ask: AskWith,
): Promise<ModelEnd> {
  if (request.settings?.format !== undefined && level > 1) {
    sink.leveled?.({ wanted: level, warning: 'A model that is told in words to think does not do so in an answer of a given format.' });
    return ask(request, sink, NOTHING);
  }
  const isOpen = request.attach === undefined && !request.prefix && !request.tools?.length;
  if (level >= 3 && isOpen) {
    const [name, strategy] =
      level === 3 ? (['plan, solve, check', planSolveCheck] as const) : (['candidates, critique, vote', candidatesCritiqueVote] as const);
    const leveled = { wanted: level, sent: JSON.stringify({ strategy: name }) };
    sink.leveled?.(leveled);
    const { said, ...end } = await play(strategy(request.messages), request, sink, (call, into) => ask(call, into, NOTHING));
    if (said.trim() === '') tellUnanswered(sink, end, leveled);
    return end;
  }
  // What is a matter of several calls otherwise is one of words here: tools are called in between.
  const { messages, leveled } = instructed(request, level);
  if (request.attach === undefined) sink.leveled?.(leveled);
  // Given text is of the answer: the thoughts are over.
  if (level === 1 || request.prefix) return ask(request, sink, NOTHING);
  const thinking = new ThinkingSink(sink);
  const end = await ask({ ...request, messages }, thinking, NOTHING);
  thinking.end();
  if (thinking.isUnanswered) tellUnanswered(sink, end, leveled);
  return end;
}

/** An answer that was cut off says so by its finish. */
function tellUnanswered(sink: ModelSink, { finish }: ModelEnd, leveled: Leveled): void {
  if (finish !== 'stop') return;
  sink.leveled?.({ ...leveled, warning: 'The model wrote no answer behind its thoughts. Ask it at level 1, or another model.' });
}
