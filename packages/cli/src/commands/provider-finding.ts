import type { AiSdkSettings, ProviderSettings } from '../config/config.ts';
import type { Secret } from '../secrets/secret.ts';
import type { Finding } from './finding.ts';
import type { World } from './world.ts';

type Reachable = Exclude<ProviderSettings, AiSdkSettings | { readonly kind: 'simulated' }>;

/** Whether a provider is there, and takes our key. */
export async function providerFinding(key: string, settings: ProviderSettings, world: World, timeoutMs: number): Promise<Finding> {
  const name = `provider ${key}`;
  if (settings.kind === 'simulated') return { level: 'ok', name, says: 'the simulated model, not a real one' };
  for (const [place, secret] of secretsOf(settings)) {
    const problem = await secretProblem(secret);
    if (problem !== undefined) return { level: 'fail', name, says: problem, todo: `Set it, or take providers.${key}.${place} out.` };
  }
  return settings.kind === 'ai-sdk' ? packageFinding(name, settings, world) : listFinding(name, settings, world, timeoutMs);
}

export async function secretProblem(secret: Secret): Promise<string | undefined> {
  try {
    await secret.fetch();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function secretsOf(settings: Exclude<ProviderSettings, { readonly kind: 'simulated' }>): readonly (readonly [place: string, Secret])[] {
  const others = settings.kind === 'ai-sdk' ? Object.entries(settings.secrets ?? {}) : [];
  const places = others.map(([option, secret]) => [`secrets.${option}`, secret] as const);
  return settings.apiKey ? [['apiKey', settings.apiKey], ...places] : places;
}

async function packageFinding(name: string, { package: wanted, folder }: AiSdkSettings, { machine }: World): Promise<Finding> {
  if (await machine.hasPackage(wanted, folder)) return { level: 'ok', name, says: `${wanted} is installed` };
  return { level: 'fail', name, says: `there is no package ${wanted} in ${folder}`, todo: `In that folder, run: npm install ${wanted}` };
}

async function listFinding(name: string, settings: Reachable, { machine }: World, timeoutMs: number): Promise<Finding> {
  const { url, headers } = listOf(settings);
  const answer = await machine.get(url, { ...settings.headers, ...headers }, timeoutMs);
  if ('problem' in answer)
    return { level: 'fail', name, says: `${url}: ${answer.problem}`, todo: 'Check the address, and that the provider runs.' };
  const says = `${url} answers ${answer.status}`;
  if (answer.status === 401 || answer.status === 403) return { level: 'fail', name, says, todo: 'Check the key.' };
  // Google says so of a key that is none.
  if (answer.status === 400 && settings.kind === 'gemini') return { level: 'fail', name, says, todo: 'Check the key.' };
  if (answer.status >= 500) return { level: 'warn', name, says, todo: 'The provider has trouble; runs will be tried again.' };
  return answer.status === 200
    ? { level: 'ok', name, says }
    : { level: 'warn', name, says, todo: 'It is reachable, but lists no models there. Check that the address is right.' };
}

/** Where a provider lists its models, and how it is told the key. Addresses are written with or without their version. */
function listOf(settings: Reachable): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  const key = settings.apiKey?.reveal();
  const bearer = key === undefined ? {} : { authorization: `Bearer ${key}` };
  switch (settings.kind) {
    case 'openai':
      return { url: `${under(settings.baseUrl, 'v1', /\/v\d+$/)}/models`, headers: bearer };
    case 'anthropic': {
      const headers = { 'anthropic-version': '2023-06-01', ...(key === undefined ? {} : { 'x-api-key': key }) };
      return { url: `${under(settings.baseUrl ?? 'https://api.anthropic.com', 'v1', /\/v\d+$/)}/models`, headers };
    }
    case 'gemini': {
      const base = under(settings.baseUrl ?? 'https://generativelanguage.googleapis.com', 'v1beta', /\/v\d\w*$/);
      return { url: `${base}/models`, headers: key === undefined ? {} : { 'x-goog-api-key': key } };
    }
    case 'ollama':
      return { url: `${under(settings.baseUrl ?? 'http://127.0.0.1:11434', 'api', /\/api$/)}/tags`, headers: bearer };
  }
}

function under(baseUrl: string, segment: string, known: RegExp): string {
  const base = baseUrl.replace(/\/+$/, '');
  return known.test(base) ? base : `${base}/${segment}`;
}
