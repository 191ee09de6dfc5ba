import { OpenClawError } from '@openclaw-runtime/protocol';
import { type AgentDefinition, isAgentDefinition } from '../define-agent.ts';
import { wordsOf } from './failure.ts';

/** The agents of a thread, by the name the house gives them. */
export interface Modules {
  /** Imports once. Rejects with `BAD_CONFIG`, saying what is wrong with the module. */
  load(agent: string, url: string): Promise<AgentDefinition>;
  /** One that was loaded, or is being loaded; throws, or rejects as that did. */
  find(agent: string): AgentDefinition | Promise<AgentDefinition>;
}

export function createModules(importModule: (url: string) => Promise<unknown>): Modules {
  const agents = new Map<string, AgentDefinition | Promise<AgentDefinition>>();
  return {
    load(agent, url) {
      const loading = definitionOf(importModule, url);
      agents.set(agent, loading);
      loading.then(
        (definition) => {
          if (agents.get(agent) === loading) agents.set(agent, definition);
        },
        () => {},
      );
      return loading;
    },
    find(agent) {
      const loaded = agents.get(agent);
      if (loaded === undefined) throw new OpenClawError('INTERNAL', `Agent ${agent} was not loaded into this thread. Send load first.`);
      return loaded;
    },
  };
}

async function definitionOf(importModule: (url: string) => Promise<unknown>, url: string): Promise<AgentDefinition> {
  const module = await importModule(url).catch((thing: unknown) => {
    throw bad(url, `cannot be imported: ${wordsOf(thing)}${placeOf(thing)}. Mend it`, thing);
  });
  if (typeof module !== 'object' || module === null || !('default' in module)) {
    throw bad(url, 'has no default export. Write export default defineAgent({ … })');
  }
  if (!isAgentDefinition(module.default))
    throw bad(url, 'has a default export that defineAgent did not make. Write export default defineAgent({ … })');
  return module.default;
}

function bad(url: string, what: string, cause?: unknown): OpenClawError {
  return new OpenClawError('BAD_CONFIG', `The module ${url} ${what}.`, { cause });
}

/** Where a file is named with its line: in an error of syntax above the message, else in the stack below it. */
function placeOf(thing: unknown): string {
  const stack = thing instanceof Error ? String(thing.stack) : '';
  const place = /(?:file:\/\/)?\/[^\s()]+:\d+/.exec(stack)?.[0];
  return place === undefined ? '' : ` (${place})`;
}
