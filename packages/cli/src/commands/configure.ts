import type { Config } from '../config/config.ts';
import { readConfigFile } from '../config/file.ts';
import { type Found, type FoundOllama, ollamaAddress } from '../config/found.ts';
import { type ConfigFlags, completeConfig } from '../config/resolve.ts';
import type { World } from './world.ts';

/** Milliseconds that an Ollama has to answer: nobody waits for one that may not be there. */
const OLLAMA_MS = { named: 3_000, sought: 300 };

/** The configuration, with what this machine has where the file names no provider. Throws `BAD_CONFIG`. */
export async function configure(flags: ConfigFlags, world: Pick<World, 'config' | 'machine'>): Promise<Config> {
  const file = readConfigFile(flags.config, world.config);
  const named = Object.keys(file.content.providers ?? {}).length > 0;
  return completeConfig(file, flags, world.config, named ? {} : await lookAround(world));
}

/** An Ollama that answers; one that does not is worth a word only where OLLAMA_HOST names it. */
async function lookAround({ config: { env }, machine }: Pick<World, 'config' | 'machine'>): Promise<Found> {
  const baseUrl = ollamaAddress(env);
  const answer = await machine.ask(
    `${baseUrl}/api/tags`,
    { method: 'GET', headers: {} },
    env.OLLAMA_HOST ? OLLAMA_MS.named : OLLAMA_MS.sought,
  );
  const ollama = ollamaOf(baseUrl, answer);
  return 'problem' in ollama && !env.OLLAMA_HOST ? {} : { ollama };
}

function ollamaOf(baseUrl: string, answer: Awaited<ReturnType<World['machine']['ask']>>): FoundOllama {
  if ('problem' in answer) return { baseUrl, problem: answer.problem };
  if (answer.status !== 200) return { baseUrl, problem: `it answers ${answer.status}` };
  const models = modelsOf(answer.body);
  return models ? { baseUrl, models } : { baseUrl, problem: 'something else answers' };
}

/** Those that can be talked to: of embedding models the name says so. */
function modelsOf(body: string): readonly string[] | undefined {
  try {
    const { models } = JSON.parse(body) as { readonly models?: unknown };
    if (!Array.isArray(models)) return undefined;
    const names = models.map((model: { readonly name?: unknown } | null) => model?.name);
    return names.filter((name) => typeof name === 'string' && name !== '' && !/embed/i.test(name)) as readonly string[];
  } catch {
    return undefined;
  }
}
