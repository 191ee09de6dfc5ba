import type { Config, ProviderSettings } from './config.ts';
import { nearest } from './nearest.ts';
import type { ConfigPorts } from './ports.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';
import { secretOf } from './secret.ts';

type Models = Pick<Config, 'providers' | 'models' | 'defaultProvider' | 'defaultModel' | 'notes'>;

const OPENAI_URL = 'https://api.openai.com/v1';
const OPENAI_MODEL = 'gpt-4.1-mini';

/** Who answers: the file's providers, else the one the OPENAI_… variables name, else the simulated model. Problems are pushed to `problems`. */
export function resolveModels(file: FileConfig, ports: ConfigPorts, folder: string, problems: Problem[]): Models {
  const providers: Record<string, ProviderSettings> = {};
  for (const [key, { ...settings }] of Object.entries(file.providers ?? {})) {
    if (settings.kind === 'simulated') providers[key] = settings;
    else {
      const { apiKey, ...rest } = settings;
      providers[key] = apiKey === undefined ? rest : { ...rest, apiKey: secretOf(apiKey, ports, folder) };
    }
  }
  const configured = Object.keys(providers);
  const models = { ...file.models };
  for (const [key, { provider }] of Object.entries(models)) {
    if (!(provider in providers)) problems.push(unknown(['models', key, 'provider'], provider, 'provider', configured));
  }

  const fromEnv = providerOfEnvironment(ports, configured.length > 0);
  if (fromEnv && !('openai' in providers)) {
    const defaultModel = file.defaultModel ?? (Object.keys(models)[0] || ports.env.OPENAI_MODEL || OPENAI_MODEL);
    return { providers: { ...providers, openai: fromEnv }, models, defaultProvider: 'openai', defaultModel, notes: [] };
  }
  if (configured.length === 0) {
    const notes = [
      'No provider is configured, so the simulated model answers. Set OPENAI_API_KEY or OPENAI_BASE_URL, or write openclaw.yaml.',
    ];
    return {
      providers: { simulated: { kind: 'simulated' } },
      models: { simulated: { provider: 'simulated' } },
      defaultModel: file.defaultModel ?? 'simulated',
      notes,
    };
  }
  for (const key of configured) if (providers[key]?.kind === 'simulated' && !(key in models)) models[key] = { provider: key };
  const defaultModel = file.defaultModel ?? Object.keys(models)[0];
  if (defaultModel === undefined) {
    problems.push({ path: ['models'], says: 'is missing. Expected at least one model, such as models: {NAME: {provider: PROVIDER}}.' });
  }
  return { providers, models, defaultModel: defaultModel ?? '', notes: [] };
}

/** The names before `?` are checked; where a default provider takes any name, none is. */
export function checkModelName(model: string, path: readonly PropertyKey[], models: Models, problems: Problem[]): void {
  const bare = model.split('?')[0] ?? model;
  const known = Object.keys(models.models);
  if (models.defaultProvider === undefined && !known.includes(bare)) problems.push(unknown(path, model, 'model', known));
}

/** A file with providers of its own wins over a key that happens to be set, but not over an address that was set on purpose. */
function providerOfEnvironment({ env }: ConfigPorts, fileHasProviders: boolean): ProviderSettings | undefined {
  const baseUrl = env.OPENAI_BASE_URL;
  if (!baseUrl && (fileHasProviders || !env.OPENAI_API_KEY)) return undefined;
  const ports = { env, cwd: '/', readFile: () => undefined };
  const apiKey = env.OPENAI_API_KEY ? { apiKey: secretOf('secret://env/OPENAI_API_KEY', ports, '/') } : {};
  return { kind: 'openai', baseUrl: baseUrl || OPENAI_URL, ...apiKey };
}

function unknown(path: readonly PropertyKey[], word: string, what: string, known: readonly string[]): Problem {
  const near = nearest(word, known);
  const list = known.length > 0 ? `Known: ${known.join(', ')}.` : `No ${what} is configured.`;
  return { path, says: `there is no ${what} "${word}". ${near === undefined ? list : `Did you mean "${near}"?`}` };
}
