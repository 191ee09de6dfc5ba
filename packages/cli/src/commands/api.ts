import { type ApproveData, type Budget, OpenClawError, type RunRequest, type Status } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import type { Learned } from '../forecast/forecaster.ts';
import type { Reloaded } from '../house/reloaded.ts';
import type { Status as HouseStatus } from '../house/status.ts';
import type { FaresNow, Why } from './insight.ts';
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
  /** What the server's runs taught about depth and cost, as they left it seconds ago. */
  learned(): Promise<Learned>;
  /** How budgets stand; those of a run and a session where they are named. */
  budgets(query: BudgetQuery): Promise<readonly BudgetState[]>;
  /** Adds to a run's budget, and to its task's. Resolves when it is durable; to `false` when the run had ended. */
  topUp(run: string, budget: Budget): Promise<boolean>;
  /** Adds to a budget of the house. */
  addBudget(scope: { readonly scope: string; readonly name?: string | undefined }, budget: Budget): Promise<void>;
  why(run: string): Promise<Why>;
  tiers(): Promise<readonly FaresNow[]>;
  /** `null` has it judged again. */
  setTier(of: string, name: string, tier: number | null): Promise<readonly FaresNow[]>;
  status(): Promise<HouseStatus>;
  /** Has the configuration read again. */
  reload(): Promise<Reloaded>;
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

export interface BudgetQuery {
  readonly run?: string | undefined;
  readonly session?: string | undefined;
  readonly agent?: string | undefined;
}

/** What is absent of `limit` and `left` is not limited. */
export interface BudgetState {
  readonly scope: string;
  readonly name: string;
  readonly limit: Budget;
  readonly spent: Budget;
  readonly reserved: Budget;
  readonly left: Budget;
}

export interface ForkQuery {
  readonly at?: number | undefined;
  readonly model?: string | undefined;
  readonly input?: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** Sends a request to a path of a server, and resolves with the answer's JSON. Rejects with the error that it names, or `STREAM_DISCONNECTED`. */
export type Ask = (path: string, request: HttpRequest) => Promise<unknown>;

/** `address` is a WebSocket or HTTP one. */
export function createAsk(address: string, token: string | undefined, { machine }: Pick<World, 'machine'>): Ask {
  const { base, headers: authorization } = originOf(address, token);

  return async (path, request) => {
    const answer = await machine.ask(`${base}${path}`, { ...request, headers: { ...authorization, ...request.headers } }, TIMEOUT_MS);
    if ('problem' in answer) throw new OpenClawError('STREAM_DISCONNECTED', `${base} did not answer (${answer.problem}). Try again.`);
    const body = parse(answer.body);
    if (answer.status < 400) return body;
    const { error } = (body ?? {}) as { readonly error?: Parameters<typeof OpenClawError.fromBody>[0] };
    throw error ? OpenClawError.fromBody(error) : new OpenClawError('INTERNAL', `${base}${path} answered ${answer.status}.`);
  };
}

/** Where a server answers HTTP, and what is said there of who asks. */
export interface Origin {
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `address` is a WebSocket or HTTP one. */
export function originOf(address: string, token: string | undefined): Origin {
  const headers: Readonly<Record<string, string>> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return { base: address.replace(/^ws/, 'http').replace(/\/$/, ''), headers };
}

export function posted(json: unknown): HttpRequest {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) };
}

/** `address` is a WebSocket or HTTP one. */
export function createApi(address: string, token: string | undefined, world: Pick<World, 'machine'>): Api {
  const ask = createAsk(address, token, world);
  const post = (path: string, json: unknown): Promise<unknown> => ask(path, posted(json));

  const list = async (query: ListQuery): Promise<RunList> => {
    return (await ask(`/v1/runs?${paramsOf(query)}`, { method: 'GET', headers: {} })) as RunList;
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
    cancel: (run) => unlessEnded(post(`/v1/runs/${run}/cancel`, {})),
    async approve(run, answer) {
      await post(`/v1/runs/${run}/approve`, answer);
    },
    learned: async () => (await ask('/v1/reasoning', { method: 'GET', headers: {} })) as Learned,
    async budgets(query) {
      const { budgets } = (await ask(`/v1/budgets?${paramsOf(query)}`, { method: 'GET', headers: {} })) as { budgets: BudgetState[] };
      return budgets;
    },
    topUp: (run, budget) => unlessEnded(post(`/v1/runs/${run}/budget`, budget)),
    async addBudget(scope, budget) {
      await post('/v1/budgets', { ...scope, ...budget });
    },
    why: async (run) => (await ask(`/v1/runs/${run}/why`, { method: 'GET', headers: {} })) as Why,
    tiers: async () => tiersIn(await ask('/v1/tiers', { method: 'GET', headers: {} })),
    setTier: async (of, name, tier) => tiersIn(await post('/v1/tiers', { of, name, tier })),
    status: async () => (await ask('/v1/status', { method: 'GET', headers: {} })) as HouseStatus,
    reload: async () => (await post('/v1/reload', {})) as Reloaded,
    fork: async (run, asked) => (await post(`/v1/runs/${run}/fork`, asked)) as Awaited<ReturnType<Api['fork']>>,
  };
}

/** Whether the run had not ended. */
async function unlessEnded(command: Promise<unknown>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'RUN_FINISHED') return false;
    throw error;
  }
}

function paramsOf(query: object): URLSearchParams {
  return new URLSearchParams(
    Object.entries(query).flatMap(([name, value]: [string, unknown]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function tiersIn(answer: unknown): readonly FaresNow[] {
  return (answer as { readonly tiers: readonly FaresNow[] }).tiers;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
