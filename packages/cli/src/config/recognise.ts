import type { Secret } from '../secrets/secret.ts';
import { secretOfEnv } from '../secrets/secret-of.ts';
import type { ProviderSettings } from './config.ts';
import type { Found } from './found.ts';
import type { ConfigPorts } from './ports.ts';

/** A provider that nobody configured. */
export interface Seen {
  readonly provider: string;
  readonly because: string;
  readonly settings: ProviderSettings;
  /** The default one first. */
  readonly models: readonly string[];
}

const OPENAI_URL = 'https://api.openai.com/v1';
const OPENAI_MODEL = 'gpt-4.1-mini';
const ANTHROPIC_MODEL = 'claude-sonnet-5-5';
const GEMINI_MODEL = 'gemini-3.8-flash';

/** Providers whose keys or addresses the environment has, then a local Ollama; the first is to be the default. */
export function recognise({ env }: ConfigPorts, found: Found): readonly Seen[] {
  return [openAi(env), anthropic(env), gemini(env), ollama(env, found)].filter((seen) => seen !== undefined);
}

/** Things about what was found that somebody should hear of once. */
export function foundNotes({ ollama }: Found): readonly string[] {
  if (ollama === undefined) return [];
  if ('problem' in ollama) return [`OLLAMA_HOST names ${ollama.baseUrl}, but no Ollama answers there (${ollama.problem}).`];
  return ollama.models.length > 0 ? [] : [`Ollama answers at ${ollama.baseUrl}, but has no models. Get one: ollama pull llama3.2`];
}

type Env = ConfigPorts['env'];

export function openAi(env: Env): Seen | undefined {
  const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: key, OPENAI_MODEL: model } = env;
  if (!baseUrl && !key) return undefined;
  const settings: ProviderSettings = { kind: 'openai', baseUrl: baseUrl || OPENAI_URL, ...keyOf(env, 'OPENAI_API_KEY') };
  return {
    provider: 'openai',
    because: `${baseUrl ? 'OPENAI_BASE_URL' : 'OPENAI_API_KEY'} is set`,
    settings,
    models: [model || OPENAI_MODEL],
  };
}

function anthropic(env: Env): Seen | undefined {
  if (!env.ANTHROPIC_API_KEY) return undefined;
  const baseUrl = env.ANTHROPIC_BASE_URL ? { baseUrl: env.ANTHROPIC_BASE_URL } : {};
  const settings: ProviderSettings = { kind: 'anthropic', ...baseUrl, ...keyOf(env, 'ANTHROPIC_API_KEY') };
  return { provider: 'anthropic', because: 'ANTHROPIC_API_KEY is set', settings, models: [env.ANTHROPIC_MODEL || ANTHROPIC_MODEL] };
}

function gemini(env: Env): Seen | undefined {
  const name = ['GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'].find((each) => env[each]);
  if (name === undefined) return undefined;
  const settings: ProviderSettings = { kind: 'gemini', ...keyOf(env, name) };
  return { provider: 'gemini', because: `${name} is set`, settings, models: [env.GEMINI_MODEL || GEMINI_MODEL] };
}

function ollama(env: Env, { ollama: there }: Found): Seen | undefined {
  if (there === undefined || 'problem' in there || there.models.length === 0) return undefined;
  const because = `${env.OLLAMA_HOST ? 'OLLAMA_HOST names it, and it' : 'it'} answers at ${there.baseUrl}`;
  return { provider: 'ollama', because, settings: { kind: 'ollama', baseUrl: there.baseUrl }, models: there.models };
}

function keyOf(env: Env, name: string): { readonly apiKey?: Secret } {
  return env[name] ? { apiKey: secretOfEnv(name, env) } : {};
}
