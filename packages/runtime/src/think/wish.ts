import type { Reasoning } from '@openclaw-runtime/agent';
import type { Level } from '@openclaw-runtime/model';
import type { RunRequest } from '@openclaw-runtime/protocol';
import type { Cap, ChoiceInput } from '@openclaw-runtime/reasoning';
import { THRESHOLDS } from './settings.ts';

/** What is asked for, before anybody predicts or counts. */
export interface Wish extends Pick<ChoiceInput, 'explicit' | 'tag' | 'thresholds' | 'exact'> {
  readonly caps: readonly Cap[];
  /** A prediction has a say. */
  readonly isPredicted: boolean;
}

export interface WishInput {
  readonly asked: Pick<RunRequest, 'level' | 'complexity'>;
  readonly agent: Reasoning | undefined;
  readonly house: Reasoning;
  /** The model only plays: nobody is asked to think unless somebody says so. */
  readonly isSimulated: boolean;
  /** 3 is the one in which only what is cheap goes on. */
  readonly tier: number;
}

/** A level of the request's, else of its agent, else of the house; `auto` looks at the tag and at the text. Undefined: it is left to the provider. */
export function wishOf({ asked, agent = {}, house, isSimulated, tier }: WishInput): Wish | undefined {
  const said = asked.level ?? agent.level ?? house.level ?? (isSimulated ? 'off' : 'auto');
  const caps = capsOf(agent, house, tier);
  if (typeof said === 'number') return { explicit: said, caps, isPredicted: false };
  const { complexity: tag } = asked;
  const thresholds = tag === undefined ? undefined : { ...THRESHOLDS, ...house.levelThresholds, ...agent.levelThresholds };
  const isKnown = tag !== undefined && thresholds !== undefined && Object.hasOwn(thresholds, tag);
  const exact = agent.exact ?? house.exact ?? false;
  if (said === 'off') return isKnown ? { tag, thresholds, exact: true, caps, isPredicted: false } : undefined;
  return { ...(tag !== undefined && { tag, thresholds: thresholds ?? {} }), exact, caps, isPredicted: !(isKnown && exact) };
}

const STATIC_TIER = 3;

function capsOf(agent: Reasoning, house: Reasoning, tier: number): readonly Cap[] {
  const caps: Cap[] = [];
  if (agent.maxLevel !== undefined) caps.push({ name: 'maxLevel', level: agent.maxLevel });
  if (house.maxLevel !== undefined) caps.push({ name: 'maxLevel of the house', level: house.maxLevel });
  if (tier >= STATIC_TIER) caps.push({ name: 'tier', level: 1 satisfies Level });
  return caps;
}
