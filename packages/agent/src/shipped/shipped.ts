import type { CodedAgent } from '../card.ts';
import { type AgentDefinition, cardOf } from '../define-agent.ts';
import coder from './coder.ts';
import reviewer from './reviewer.ts';
import task from './task.ts';
import tester from './tester.ts';

/** The agents that come with the package, by name. They are known without a thread; one starts when the first of their code is called. */
export function shippedAgents(): ReadonlyMap<string, CodedAgent> {
  // Of the sources as they are, or of what was built from them.
  const [extension] = /\.[a-z]+$/.exec(import.meta.url) ?? ['.js'];
  const agents = [coder, tester, reviewer, task] as unknown as readonly AgentDefinition[];
  return new Map(
    agents.map((definition) => {
      const { spec } = definition;
      return [spec.name, { name: spec.name, module: new URL(`${spec.name}${extension}`, import.meta.url).href, card: cardOf(definition) }];
    }),
  );
}
