import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { askSdk, type SdkTarget } from './ai-sdk/ask.ts';
import { createLineGuard, createOllamaGuard } from './ai-sdk/guards.ts';
import { makeGemini, makeOllama, makePackage } from './ai-sdk/kinds.ts';
import { geminiLevel, ollamaLevel, packageLevel, type SdkLevel } from './ai-sdk/level.ts';
import { createModels, type MakeModel } from './ai-sdk/models.ts';
import { createWires, type Wires } from './ai-sdk/wires.ts';
import type { Target } from './catalogue.ts';
import type { ModelRequest, ModelSink } from './contract/broker.ts';
import { secretsOf } from './failure/secrets.ts';
import type { HttpClient } from './http/port.ts';
import { levelsOf } from './levels/control.ts';
import { createControls } from './levels/controls.ts';
import type { Fields } from './levels/fields.ts';
import { withLevel } from './levels/with-level.ts';
import type { Provider } from './provider.ts';
import type { ResolvedProvider } from './resolve.ts';

type SdkConfig = Extract<ResolvedProvider, { readonly kind: 'gemini' | 'ollama' | 'ai-sdk' }>;

const API = { gemini: 'the Gemini API', ollama: 'Ollama', 'ai-sdk': 'what its package speaks with' } as const;

/** A provider whose models are those of the AI SDK. Nothing is loaded before the first call. */
export function createSdkProvider(name: string, config: SdkConfig, http: HttpClient, clock: Clock): Provider {
  const { apiKey, headers, timeouts, providerOptions } = config;
  const { send } = http;
  const wires = createWires(send, config.kind === 'ollama' ? createOllamaGuard : createLineGuard);
  const models = createModels((secrets: Secrets) => load(name, config, wires, secrets));
  const closing = new AbortController();
  const controls = createControls(config.kind, config.kind === 'ai-sdk' ? undefined : config.url, config.reasoning);
  const styleOf = (target: Target) => target.prefix ?? config.prefix ?? 'none';
  return {
    name,
    config,
    capabilities: (target) => ({
      prefix: styleOf(target) !== 'none',
      attach: false,
      tools: true,
      reasoning: levelsOf(controls.of(target)),
    }),
    stream(target, request, sink, signal, totalAt) {
      const key = apiKey();
      const others = Object.entries(config.kind === 'ai-sdk' ? config.secrets : {}).map(([option, reveal]) => [option, reveal()] as const);
      const secrets: Secrets = [key, ...others.flat()];
      const sdkTarget: SdkTarget = {
        provider: name,
        api: API[config.kind],
        model: target.name,
        apiKey,
        headers,
        ...timeouts,
        send,
        clock,
        secrets: secretsOf(key, { ...headers, ...Object.fromEntries(others) }),
        providerOptions,
        open: () => models.of(target.name, secrets),
        tie: wires.tie,
      };
      const until = AbortSignal.any([signal, closing.signal]);
      return withLevel({ control: () => controls.of(target), model: target.name }, request, sink, (told, into, fields) =>
        askSdk({ ...sdkTarget, level: levelOf(config, fields, told, sink) }, told, into, until, totalAt),
      );
    },
    async close() {
      closing.abort(new OpenClawError('SHUTTING_DOWN', 'The model broker was closed. Ask again after the restart.'));
      await http.close();
    },
  };
}

/** Absent where nothing is to be said. */
function levelOf(config: SdkConfig, fields: Fields, { level }: ModelRequest, sink: ModelSink): SdkLevel | undefined {
  if (level === undefined || Object.keys(fields).length === 0) return undefined;
  if (config.kind === 'gemini') return geminiLevel(config.providerOptions, fields);
  if (config.kind === 'ollama') return ollamaLevel(fields);
  return packageLevel(config.package, config.providerOptions, fields, level, sink);
}

/** The key, then names and values of other options by turns. */
type Secrets = readonly [apiKey: string | undefined, ...others: string[]];

function load(provider: string, config: SdkConfig, { fetch }: Wires, [apiKey, ...others]: Secrets): Promise<MakeModel> {
  if (config.kind === 'gemini') return makeGemini({ ...config, fetch }, apiKey);
  if (config.kind === 'ollama') return makeOllama({ ...config, fetch }, apiKey);
  const secrets: Record<string, string> = apiKey === undefined ? {} : { apiKey };
  for (let i = 0; i < others.length; i += 2) secrets[others[i] as string] = others[i + 1] as string;
  return makePackage({ ...config, provider, fetch }, secrets);
}
