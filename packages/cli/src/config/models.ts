import type { Config, ModelSettings, ProviderSettings } from './config.ts';
import type { Found } from './found.ts';
import { nearest } from './nearest.ts';
import type { ConfigPorts } from './ports.ts';
import type { Problem } from './problems.ts';
import { foundNotes, openAi, recognise, type Seen } from './recognise.ts';
import type { FileConfig } from './schema.ts';
import type { SecretAt } from './secrets.ts';

export type Models = Pick<Config, 'providers' | 'models' | 'defaultProvider' | 'defaultModel' | 'recognised' | 'notes'>;

/** Who answers: the file's providers, else those that the environment and the machine have, else the simulated model. Problems are pushed to `problems`. */
export function resolveModels(
  file: FileConfig,
  ports: ConfigPorts,
  folder: string,
  secretAt: SecretAt,
  found: Found,
  problems: Problem[],
): Models {
  const resolved =
    file.providers && Object.keys(file.providers).length > 0
      ? ofFile(file, ports, folder, secretAt, problems)
      : ofMachine(file, ports, found);
  checkModels(file, resolved, problems);
  return resolved;
}

/** A file with providers of its own wins over a key that happens to be set, but not over an address that was set on purpose. */
function ofFile(file: FileConfig, ports: ConfigPorts, folder: string, secretAt: SecretAt, problems: Problem[]): Models {
  const providers = Object.fromEntries(
    Object.entries(file.providers ?? {}).map(([key, settings]) => [key, providerOf(settings, ['providers', key], folder, secretAt)]),
  );
  const models: Record<string, ModelSettings> = { ...file.models };
  const addressed = ports.env.OPENAI_BASE_URL && !('openai' in providers) ? openAi(ports.env) : undefined;
  if (addressed) {
    return {
      providers: { ...providers, openai: addressed.settings },
      models,
      defaultProvider: 'openai',
      defaultModel: file.defaultModel ?? firstOf(models) ?? (addressed.models[0] as string),
      recognised: [addressed],
      notes: [],
    };
  }
  for (const [key, { kind }] of Object.entries(providers)) if (kind === 'simulated' && !(key in models)) models[key] = { provider: key };
  const defaultModel = file.defaultModel ?? firstOf(models);
  if (defaultModel === undefined) {
    problems.push({ path: ['models'], says: 'is missing. Expected at least one model, such as models: {NAME: {provider: PROVIDER}}.' });
  }
  return { providers, models, defaultModel: defaultModel ?? '', recognised: [], notes: [] };
}

function ofMachine(file: FileConfig, ports: ConfigPorts, found: Found): Models {
  const all = recognise(ports, found);
  const [first] = all;
  const notes = foundNotes(found);
  if (first === undefined) {
    const note =
      'No provider is configured, so the simulated model answers. Set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY, start Ollama, or write openclaw.yaml.';
    return {
      providers: { simulated: { kind: 'simulated' } },
      models: { simulated: { provider: 'simulated' }, ...file.models },
      defaultModel: file.defaultModel ?? 'simulated',
      recognised: [],
      notes: [note, ...notes],
    };
  }
  // A server that merely happens to run takes nothing away from who asks for the simulated model.
  const simulated: readonly Seen[] = first.provider === 'ollama' ? [SIMULATED] : [];
  const listed = [...all, ...simulated].flatMap(({ provider, models }) => models.map((model) => [model, { provider }] as const));
  return {
    providers: Object.fromEntries([...all, ...simulated].map(({ provider, settings }) => [provider, settings])),
    // Where two have a model of one name, the first of them is meant.
    models: { ...Object.fromEntries(listed.toReversed()), ...file.models },
    defaultProvider: first.provider,
    defaultModel: file.defaultModel ?? firstOf(file.models ?? {}) ?? (first.models[0] as string),
    recognised: all,
    notes,
  };
}

const SIMULATED: Seen = { provider: 'simulated', because: '', settings: { kind: 'simulated' }, models: ['simulated'] };

type FileProvider = NonNullable<FileConfig['providers']>[string];

function providerOf(settings: FileProvider, path: readonly string[], folder: string, secretAt: SecretAt): ProviderSettings {
  if (settings.kind === 'simulated') return settings;
  const { apiKey, ...rest } = settings;
  const key = apiKey === undefined ? {} : { apiKey: secretAt(apiKey, [...path, 'apiKey']) };
  if (rest.kind !== 'ai-sdk') return { ...rest, ...key };
  const secrets = Object.entries(rest.secrets ?? {}).map(
    ([option, written]) => [option, secretAt(written, [...path, 'secrets', option])] as const,
  );
  return { ...rest, ...key, folder, secrets: Object.fromEntries(secrets) };
}

/** Providers and fallbacks that models name must exist. A model may stand behind another that stands behind it: only the first one's list counts. */
function checkModels(file: FileConfig, resolved: Models, problems: Problem[]): void {
  const providers = Object.keys(resolved.providers);
  for (const [key, { provider, fallback = [] }] of Object.entries(file.models ?? {})) {
    if (!providers.includes(provider)) problems.push(unknown(['models', key, 'provider'], provider, 'provider', providers));
    for (const [i, name] of fallback.entries()) {
      const path = ['models', key, 'fallback', i];
      if (bareName(name) === key) problems.push({ path, says: `"${name}" is the model itself. Name others.` });
      else if (fallback.indexOf(name) < i) problems.push({ path, says: `"${name}" is named twice.` });
      else checkModelName(name, path, resolved, problems);
    }
  }
}

/** The names before `?` are checked; where a default provider takes any name, none is. */
export function checkModelName(model: string, path: readonly PropertyKey[], models: Models, problems: Problem[]): void {
  const known = Object.keys(models.models);
  if (models.defaultProvider === undefined && !known.includes(bareName(model))) problems.push(unknown(path, model, 'model', known));
}

function bareName(model: string): string {
  return model.split('?')[0] ?? model;
}

function firstOf(models: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(models)[0];
}

function unknown(path: readonly PropertyKey[], word: string, what: string, known: readonly string[]): Problem {
  const near = nearest(word, known);
  const list = known.length > 0 ? `Known: ${known.join(', ')}.` : `No ${what} is configured.`;
  return { path, says: `there is no ${what} "${word}". ${near === undefined ? list : `Did you mean "${near}"?`}` };
}
