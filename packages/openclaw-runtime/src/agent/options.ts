import type { AgentSettings } from '@openclaw-runtime/cli';
import type { Level } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Prediction } from '@openclaw-runtime/reasoning';
import { agentIn } from '../house/connect.ts';
import type { EmbeddedHouse } from '../house/embedded.ts';
import type { ReasoningLevel } from '../reasoning/estimate.ts';

/** All are optional. */
export interface OpenClawAgentOptions {
  /** Default: `default`. */
  readonly name?: string;
  /** The file whose default export is the agent's definition: `new URL('./agent.ts', import.meta.url)`, or a path. Default: the one that the configuration names. */
  readonly module?: URL | string;
  /** The agent's code runs on worker threads, whatever stands here: `false` is refused. */
  readonly threadBound?: boolean;
  /** A thread for each call of its code. */
  readonly dedicated?: boolean;
  /** Saved state can be gone back to. Default `true`. */
  readonly snapshot?: boolean;
  /** Milliseconds between two saves of the state at checkpoints; 0 is each. Default: what its module says. */
  readonly snapshotInterval?: number;
  readonly model?: string;
  readonly instructions?: string;
  /** How hard it thinks; sent with each request. A fixed one is kept to; `auto` is as much as each request seems to need. Default: `auto` where `adaptiveReasoning` is `true`, else what the house says. */
  readonly reasoningLevel?: Level | Prediction;
  /** `false`: it is left to the model's provider, where no level is fixed. */
  readonly adaptiveReasoning?: boolean;
  /** The level of each tag that a request may have as its `complexity`. What the text asks for may be one more. */
  readonly levelThresholds?: Readonly<Record<string, number>>;
  /** A tag means its level and never one more. Default `false`. */
  readonly exact?: boolean;
  /** Deeper than this it never thinks, whatever is asked for or predicted. */
  readonly maxLevel?: number;
  /** Of each of its runs, with its children: US dollars, or limits in several units. Over it the level is lowered, then the run pauses. */
  readonly budget?: RunBudget;
  /** The server whose runs its runs are, as `ws://…` or `agent://environment/cluster[/agent]`. Default: that of the variable OPENCLAW_URL, else one in this process. */
  readonly connect?: string;
  /** Shared with other agents of this process. Default: one of its own. */
  readonly house?: EmbeddedHouse;
}

/** A number is US dollars. */
export type RunBudget = number | { readonly usd?: number; readonly tokens?: number; readonly ms?: number };

export interface ResolvedAgent {
  readonly name: string;
  /** What the house has to know of the agent; absent where it says nothing of it. */
  readonly settings: AgentSettings | undefined;
  readonly model: string | undefined;
  readonly level: Level | undefined;
  readonly budget: RunBudget | undefined;
  readonly keepsState: boolean;
}

/** `urlOf`: the `file:` URL of a path. Throws `BAD_CONFIG`. */
export function resolveAgentOptions(options: OpenClawAgentOptions, urlOf: (path: string) => URL): ResolvedAgent {
  if (options.connect !== undefined && options.house !== undefined)
    throw wrong('connect and house are both given, and a house knows its server. Give createHouse({ connect }) as the house.');
  const {
    name = agentIn(options.connect ?? '') ?? 'default',
    module,
    threadBound,
    dedicated,
    snapshot = true,
    snapshotInterval,
    instructions,
  } = options;
  if (threadBound === false) throw wrong('threadBound is false, and agents with code run on threads only. Leave it out.');
  if (snapshotInterval !== undefined && !(snapshotInterval >= 0))
    throw wrong(`snapshotInterval is ${snapshotInterval}. Give milliseconds from 0.`);
  const settings: AgentSettings = {
    ...(module === undefined ? {} : { module: { url: moduleUrl(module, urlOf), namedAt: `OpenClawAgent ${name}: option module` } }),
    ...(dedicated === undefined ? {} : { dedicated }),
    ...(snapshotInterval === undefined ? {} : { snapshotIntervalMs: snapshotInterval }),
    ...(instructions === undefined ? {} : { instructions }),
    ...reasoningOf(options),
  };
  return {
    name,
    settings: Object.keys(settings).length === 0 ? undefined : settings,
    model: options.model,
    level: checkLevel(options.reasoningLevel ?? (options.adaptiveReasoning ? 'auto' : undefined)),
    budget: checkBudget(options.budget),
    keepsState: snapshot,
  };
}

/** Throws `BAD_CONFIG` for what is no level. */
export function checkLevel(level: Level | Prediction | undefined): Level | undefined {
  const given = typeof level === 'object' && level !== null ? level.level : level;
  if (given === undefined || given === 'auto' || isLevel(given)) return given;
  throw wrong(`${String(given)} is no reasoning level. Give 1, 2, 3, 4 or 'auto'.`);
}

/** Throws `BAD_CONFIG` for what is no budget. */
export function checkBudget(budget: RunBudget | undefined): RunBudget | undefined {
  if (budget === undefined) return undefined;
  const amounts = typeof budget === 'number' ? { usd: budget } : budget;
  for (const [unit, amount] of Object.entries(amounts)) {
    if (!['usd', 'tokens', 'ms'].includes(unit)) throw wrong(`budget: ${unit} is no unit. Give usd, tokens or ms.`);
    if (!(typeof amount === 'number' && amount >= 0 && Number.isFinite(amount)))
      throw wrong(`budget: ${String(amount)} is no amount of ${unit}. Give a number from 0.`);
  }
  return budget;
}

function reasoningOf({
  adaptiveReasoning,
  reasoningLevel,
  levelThresholds,
  exact,
  maxLevel,
}: OpenClawAgentOptions): Pick<AgentSettings, 'reasoning'> {
  const isOff = adaptiveReasoning === false && (reasoningLevel === undefined || reasoningLevel === 'auto');
  const tags = Object.entries(levelThresholds ?? {}).map(([tag, level]) => [tag, plainLevel(`levelThresholds.${tag}`, level)] as const);
  const reasoning = {
    ...(isOff && { level: 'off' as const }),
    ...(levelThresholds === undefined ? {} : { levelThresholds: Object.fromEntries(tags) }),
    ...(exact === undefined ? {} : { exact }),
    ...(maxLevel === undefined ? {} : { maxLevel: plainLevel('maxLevel', maxLevel) }),
  };
  return Object.keys(reasoning).length === 0 ? {} : { reasoning };
}

function plainLevel(option: string, level: number): ReasoningLevel {
  if (isLevel(level)) return level;
  throw wrong(`${option} is ${String(level)}, which is no reasoning level. Give 1, 2, 3 or 4.`);
}

function isLevel(level: unknown): level is ReasoningLevel {
  return level === 1 || level === 2 || level === 3 || level === 4;
}

function moduleUrl(module: URL | string, urlOf: (path: string) => URL): string {
  const url = typeof module === 'string' && !module.startsWith('file:') ? urlOf(module) : new URL(module);
  if (url.protocol !== 'file:') throw wrong(`${url.href} is no file. Write new URL('./agent.ts', import.meta.url), or a path.`);
  return url.href;
}

function wrong(message: string): OpenClawError {
  return new OpenClawError('BAD_CONFIG', message);
}
