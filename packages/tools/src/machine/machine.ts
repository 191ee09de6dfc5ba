import type { Random } from '@openclaw-runtime/kit';
import { createFetch } from './fetch.ts';
import { createOpenFolder } from './folder.ts';
import type { Machine } from './port.ts';
import { createProcesses } from './processes.ts';
import { createWeb } from './web.ts';

/** Of the environment, what programs need to run at all, and nothing that is anybody's secret. */
const INHERITED: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TMPDIR',
  'SYSTEMROOT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
  'TEMP',
];

/** The real network, disk and processes. */
export function createMachine(env: Readonly<Record<string, string | undefined>>, random: Random): Machine {
  const { fetch, close } = createFetch();
  return {
    web: createWeb(),
    openFolder: createOpenFolder(random),
    processes: createProcesses(),
    fetch,
    env: Object.fromEntries(INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    close,
  };
}
