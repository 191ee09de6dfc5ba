import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AgentSettings } from './config.ts';
import type { ConfigFile } from './file.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';
import type { SecretAt } from './secrets.ts';

type FileAgent = NonNullable<FileConfig['agents']>[string];

/** What only code makes use of. */
const OF_CODE = ['secrets', 'dedicated', 'snapshotInterval'] as const;

/** The file's agents; the one called `default` is always among them. */
export function resolveAgents(
  file: ConfigFile,
  folder: string,
  secretAt: SecretAt,
  problems: Problem[],
): Readonly<Record<string, AgentSettings>> {
  const agents = Object.entries(file.content.agents ?? {}).map(
    ([key, agent]) => [key, agentOf(key, agent, file, folder, secretAt, problems)] as const,
  );
  return { default: {}, ...Object.fromEntries(agents) };
}

function agentOf(key: string, agent: FileAgent, file: ConfigFile, folder: string, secretAt: SecretAt, problems: Problem[]): AgentSettings {
  const { module, secrets, snapshotInterval, ...rest } = agent;
  const path = ['agents', key];
  if (module === undefined) {
    for (const word of OF_CODE) {
      if (agent[word] !== undefined)
        problems.push({ path: [...path, word], says: `is for agents with code. Name its file: agents.${key}.module.` });
    }
  }
  const named = Object.entries(secrets ?? {}).map(([name, written]) => [name, secretAt(written, [...path, 'secrets', name])] as const);
  return {
    ...rest,
    ...(module === undefined
      ? {}
      : { module: { url: pathToFileURL(resolve(folder, module)).href, namedAt: namedAt(file, [...path, 'module']) } }),
    ...(secrets === undefined ? {} : { secrets: Object.fromEntries(named) }),
    ...(snapshotInterval === undefined ? {} : { snapshotIntervalMs: snapshotInterval }),
  };
}

function namedAt(file: ConfigFile, path: readonly string[]): string {
  const line = file.lineOf(path);
  return `${file.path ?? 'configuration'}${line === undefined ? '' : `:${line}`}: ${path.join('.')}`;
}
