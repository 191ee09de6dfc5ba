import { type ApproveData, OpenClawError, type RunRequest, type Status } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import type { HttpRequest, World } from './world.ts';

/** What a server answers over HTTP about runs. Errors are those it names, or `STREAM_DISCONNECTED`. */
export interface Api {
  list(query: ListQuery): Promise<RunList>;
  /** The run that an id, or the unique beginning of one, names. Rejects with `NOT_FOUND`, or `BAD_REQUEST` where there are several. */
  find(name: string): Promise<RunSummary>;
  /** What a run was asked. */
  request(run: string): Promise<Pick<RunRequest, 'agent' | 'operation' | 'args' | 'parent'>>;
  /** `false` when the run had ended. */
  cancel(run: string): Promise<boolean>;
  /** Resolves when the answer is durable. */
  approve(run: string, answer: ApproveData): Promise<void>;
  fork(run: string, asked: ForkQuery): Promise<{ readonly run: string; readonly epoch: number; readonly fork: { readonly seq: number } }>;
}

export interface ListQuery {
  readonly limit?: number | undefined;
  readonly before?: number | undefined;
  readonly status?: Status | undefined;
  readonly prefix?: string | undefined;
}

export interface RunList {
  readonly runs: readonly RunSummary[];
  /** The `before` of the next page; absent at the end. */
  readonly next?: number;
}

export interface ForkQuery {
  readonly at?: number | undefined;
  readonly model?: string | undefined;
  readonly input?: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** `address` is a WebSocket or HTTP one. */
export function createApi(address: string, token: string | undefined, { machine }: Pick<World, 'machine'>): Api {
  const base = address.replace(/^ws/, 'http').replace(/\/$/, '');
  const authorization: Readonly<Record<string, string>> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  const ask = async (path: string, request: HttpRequest): Promise<unknown> => {
    const answer = await machine.ask(`${base}${path}`, { ...request, headers: { ...authorization, ...request.headers } }, TIMEOUT_MS);
    if ('problem' in answer) throw new OpenClawError('STREAM_DISCONNECTED', `${base} did not answer (${answer.problem}). Try again.`);
    const body = parse(answer.body);
    if (answer.status < 400) return body;
    const { error } = (body ?? {}) as { readonly error?: Parameters<typeof OpenClawError.fromBody>[0] };
    throw error ? OpenClawError.fromBody(error) : new OpenClawError('INTERNAL', `${base}${path} answered ${answer.status}.`);
  };
  const post = (path: string, json: unknown): Promise<unknown> =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) });

  const list = async (query: ListQuery): Promise<RunList> => {
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
    return (await ask(`/v1/runs?${new URLSearchParams(given)}`, { method: 'GET', headers: {} })) as RunList;
  };

  return {
    list,
    async find(name) {
      const { runs } = await list({ prefix: name, limit: 2 });
      const exact = runs.find(({ run }) => run === name);
      const [first, second] = exact ? [exact] : runs;
      if (!first) throw new OpenClawError('NOT_FOUND', `There is no run ${name}. List them: claw runs list.`);
      if (second)
        throw new OpenClawError(
          'BAD_REQUEST',
          `${name} begins the ids of several runs (${first.run}, ${second.run}, …). Write more of it.`,
        );
      return first;
    },
    request: async (run) => (await ask(`/v1/runs/${run}`, { method: 'GET', headers: {} })) as Awaited<ReturnType<Api['request']>>,
    async cancel(run) {
      try {
        await post(`/v1/runs/${run}/cancel`, {});
        return true;
      } catch (error) {
        if (error instanceof OpenClawError && error.code === 'RUN_FINISHED') return false;
        throw error;
      }
    },
    async approve(run, answer) {
      await post(`/v1/runs/${run}/approve`, answer);
    },
    fork: async (run, asked) => (await post(`/v1/runs/${run}/fork`, asked)) as Awaited<ReturnType<Api['fork']>>,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
