import type { Target } from './catalogue.ts';
import type { Capabilities, ModelEnd, ModelRequest, ModelSink } from './contract/broker.ts';
import { LEVELS } from './levels/control.ts';
import type { ResolvedProvider } from './resolve.ts';
import { parseScript, type Script } from './simulated/options.ts';
import type { Simulated } from './simulated/simulated.ts';

/** Parsed names kept; callers may make up any number of them. */
const SCRIPTS_KEPT = 1_000;

/** What the broker needs of each kind of provider. */
export interface Provider {
  readonly name: string;
  readonly config: ResolvedProvider;
  capabilities(target: Target): Capabilities;
  /** One try. `totalAt` is on the clock's `now`. */
  stream(target: Target, request: ModelRequest, sink: ModelSink, signal: AbortSignal, totalAt: number): Promise<ModelEnd>;
  close(): Promise<void>;
}

export type ConfigOf<K extends ResolvedProvider['kind']> = Extract<ResolvedProvider, { readonly kind: K }>;

export function createSimulatedProvider(name: string, config: ConfigOf<'simulated'>, simulated: Simulated): Provider {
  const { firstChunkMs, betweenChunksMs } = config.timeouts;
  const scripts = new Map<string, Script>();
  const scriptOf = ({ name: model }: Target): Script => {
    const known = scripts.get(model);
    if (known) return known;
    const at = model.indexOf('?');
    const script = parseScript(at < 0 ? '' : model.slice(at + 1), config.options);
    if (scripts.size >= SCRIPTS_KEPT) scripts.clear();
    scripts.set(model, script);
    return script;
  };
  return {
    name,
    config,
    capabilities: (target) => ({ prefix: scriptOf(target).vary !== true, attach: false, tools: true, reasoning: LEVELS }),
    stream(target, request, sink, signal, totalAt) {
      const call = { provider: name, model: target.name, script: scriptOf(target), firstChunkMs, betweenChunksMs, totalAt };
      return simulated.stream(call, request, sink, signal);
    },
    // What simulates is the broker's.
    close: () => Promise.resolve(),
  };
}
