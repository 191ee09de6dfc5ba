import type { AgentSettings } from '@openclaw-runtime/cli';
import type { Level } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { EmbeddedHouse } from '../house/embedded.ts';

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
  /** How hard it thinks; sent with each request. Default: `auto` where `adaptiveReasoning` is `true`, else nothing is said. */
  readonly reasoningLevel?: Level;
  readonly adaptiveReasoning?: boolean;
  /** Not sent: this version of the protocol has no field for them. */
  readonly levelThresholds?: Readonly<Record<string, number>>;
  /** Shared with other agents of this process. Default: one of its own. */
  readonly house?: EmbeddedHouse;
}

export interface ResolvedAgent {
  readonly name: string;
  /** What the house has to know of the agent; absent where it says nothing of it. */
  readonly settings: AgentSettings | undefined;
  readonly model: string | undefined;
  readonly level: Level | undefined;
  readonly keepsState: boolean;
}

/** `urlOf`: the `file:` URL of a path. Throws `BAD_CONFIG`. */
export function resolveAgentOptions(options: OpenClawAgentOptions, urlOf: (path: string) => URL): ResolvedAgent {
  const { name = 'default', module, threadBound, dedicated, snapshot = true, snapshotInterval, instructions } = options;
  if (threadBound === false) throw wrong('threadBound is false, and agents with code run on threads only. Leave it out.');
  if (snapshotInterval !== undefined && !(snapshotInterval >= 0))
    throw wrong(`snapshotInterval is ${snapshotInterval}. Give milliseconds from 0.`);
  const settings: AgentSettings = {
    ...(module === undefined ? {} : { module: { url: moduleUrl(module, urlOf), namedAt: `OpenClawAgent ${name}: option module` } }),
    ...(dedicated === undefined ? {} : { dedicated }),
    ...(snapshotInterval === undefined ? {} : { snapshotIntervalMs: snapshotInterval }),
    ...(instructions === undefined ? {} : { instructions }),
  };
  return {
    name,
    settings: Object.keys(settings).length === 0 ? undefined : settings,
    model: options.model,
    level: checkLevel(options.reasoningLevel ?? (options.adaptiveReasoning ? 'auto' : undefined)),
    keepsState: snapshot,
  };
}

/** Throws `BAD_CONFIG` for what is no level. */
export function checkLevel(level: Level | undefined): Level | undefined {
  if (level === undefined || level === 'auto' || [1, 2, 3, 4].includes(level)) return level;
  throw wrong(`${String(level)} is no reasoning level. Give 1, 2, 3, 4 or 'auto'.`);
}

function moduleUrl(module: URL | string, urlOf: (path: string) => URL): string {
  const url = typeof module === 'string' && !module.startsWith('file:') ? urlOf(module) : new URL(module);
  if (url.protocol !== 'file:') throw wrong(`${url.href} is no file. Write new URL('./agent.ts', import.meta.url), or a path.`);
  return url.href;
}

function wrong(message: string): OpenClawError {
  return new OpenClawError('BAD_CONFIG', message);
}
