import type { Reasoning } from './agent.ts';
import { shown, wrong } from './names.ts';

const KEYS = ['level', 'maxLevel', 'levelThresholds', 'exact'];
const LEVELS: readonly unknown[] = [1, 2, 3, 4];

/** What an author says of its agent's levels. Throws `BAD_CONFIG`. */
export function checkReasoning(agent: string, reasoning: Reasoning): Reasoning {
  const of = `of agent ${agent}`;
  for (const key of Object.keys(reasoning)) {
    if (!KEYS.includes(key)) throw wrong(`reasoning.${key} ${of} is not known. Known: ${KEYS.join(', ')}.`);
  }
  const { level, maxLevel, levelThresholds = {}, exact } = reasoning;
  if (level !== undefined && level !== 'auto' && level !== 'off') checkLevel(`reasoning.level ${of}`, level, `1, 2, 3, 4, 'auto' or 'off'`);
  if (maxLevel !== undefined) checkLevel(`reasoning.maxLevel ${of}`, maxLevel, '1, 2, 3 or 4');
  for (const [tag, tagged] of Object.entries(levelThresholds)) checkLevel(`reasoning.levelThresholds.${tag} ${of}`, tagged, '1, 2, 3 or 4');
  if (exact !== undefined && typeof exact !== 'boolean') throw wrong(`reasoning.exact ${of} is ${shown(exact)}. Give true or false.`);
  return reasoning;
}

function checkLevel(what: string, level: unknown, expected: string): void {
  if (!LEVELS.includes(level)) throw wrong(`${what} is ${shown(level)}. Give ${expected}.`);
}
