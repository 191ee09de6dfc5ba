import type { RunRequest, Start } from '@openclaw-runtime/protocol';
import { judge, runRequestSchema } from '@openclaw-runtime/protocol/schema';
import { bad, Fields } from './fields.ts';

/** What a client asks a run to do, however it says so. */
export type AskedRun = Start['run'];

const AGENT = 'agent:';

/** What stands in a run's first record beside the request, to answer in the words of the API it came by. */
export interface Door {
  readonly api: 'chat' | 'responses' | 'ui' | 'mcp';
  /** As it was asked for. */
  readonly model: string;
  /** Milliseconds for which the run goes on without anybody who waits for it, after its server died. Absent: for ever. */
  readonly leaseMs?: number;
  /** How many runs answer the request, where they are several. */
  readonly n?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Whom a model's name asks: `agent:NAME` an agent, any other name that model. Throws `BAD_REQUEST`. */
export function askedModel(request: Fields): { readonly model: string; readonly whom: Pick<AskedRun, 'agent' | 'model'> } {
  const model = request.text('model', 256, 1);
  if (model === undefined) throw request.bad('model', 'name a model, or agent:NAME');
  return { model, whom: model.startsWith(AGENT) ? { agent: model.slice(AGENT.length) } : { model } };
}

/** At most 16 pairs, as OpenAI has it. */
export function metadataOf(request: Fields): { readonly metadata?: Readonly<Record<string, string>> } {
  const metadata = request.json('metadata');
  if (metadata === undefined) return {};
  const pairs = Object.entries(metadata);
  const fits = pairs.every(([name, value]) => name.length <= 64 && typeof value === 'string' && value.length <= 512);
  if (pairs.length > 16 || !fits) throw request.bad('metadata', 'give at most 16 texts of 512 characters, by names of 64');
  return { metadata: metadata as Readonly<Record<string, string>> };
}

/** How this server is asked for more than OpenAI has words for: `openclaw: {supersede, …fields of a run}`. `isLevelled`: an effort is said. Throws `BAD_REQUEST`. */
export function ownFields(
  request: Fields,
  isLevelled: boolean,
): { readonly supersede: Supersede; readonly fields: Readonly<Record<string, unknown>> } {
  const { supersede, ...fields } = request.json('openclaw') ?? {};
  const own = new Fields({ supersede }, request.at('openclaw'));
  const taken = TAKEN.find((name) => Object.hasOwn(fields, name));
  if (taken !== undefined) throw own.bad(taken, 'is said in the request itself');
  if (isLevelled && Object.hasOwn(fields, 'level')) throw own.bad('level', 'the effort says it already; leave one of them out');
  return { supersede: own.oneOf('supersede', ['error', 'rewind', 'hold']) ?? 'error', fields };
}

/** What becomes of words that were sent and do not stand: the stream ends with an error, the client is told how far to go back, or it gets each step only when it has ended. */
export type Supersede = 'error' | 'rewind' | 'hold';

const TAKEN = ['input', 'agent', 'model', 'tools', 'settings', 'operation', 'args'];

/** The whole request, judged once more. Throws `BAD_REQUEST`. */
export function checkedRun(run: Readonly<Record<string, unknown>>, door: Door): AskedRun {
  const parsed = judge(runRequestSchema, run);
  if (parsed.success) return { ...parsed.data, door: { ...door } } as AskedRun & Pick<RunRequest, 'door'>;
  const [issue] = parsed.error.issues;
  // Only what stands below openclaw has not been judged yet.
  if (issue?.code === 'unrecognized_keys') throw bad(`openclaw.${issue.keys[0]}`, 'is not known here; leave it out');
  const [first, ...rest] = issue?.path ?? [];
  const path = [OUTER[String(first)] ?? first, ...rest].join('.');
  throw bad(path, `${issue?.message}`);
}

const OUTER: Readonly<Record<string, string>> = {
  agent: 'model',
  level: 'openclaw.level',
  tokenInterval: 'openclaw.tokenInterval',
  session: 'openclaw.session',
  complexity: 'openclaw.complexity',
  budget: 'openclaw.budget',
};
