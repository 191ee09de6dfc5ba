import { Secret } from '../secrets/secret.ts';
import type { Config } from './config.ts';

/** What two configurations differ in, by its place in the file. */
export interface Changes {
  /** Holds at once. */
  readonly applied: readonly string[];
  /** Holds when the server is started anew. */
  readonly waiting: readonly string[];
}

/** What may change while a house is at work: these groups, and all below them. Whatever is not here waits for a restart. */
const LIVE: readonly string[] = [
  ...['providers', 'models', 'defaultModel', 'defaultProvider', 'agents', 'reasoning', 'budgets', 'limits', 'tiers', 'retention'],
  ...['durability', 'cluster', 'clusters', 'server.origins', 'monitoring.alertThresholds', 'monitoring.objective', 'monitoring.webhook'],
];
/** Live as long as it is there before and after. */
const LIVE_IF_KEPT: readonly string[] = ['server.token', 'server.tls', 'monitoring.webhook', 'tiers'];
/** Parts of what is live that are not. */
const FIXED: readonly string[] = [
  ...['reasoning.features', 'limits.perKey', 'limits.perTenant', 'limits.perAddress', 'limits.maxWaitMs', 'limits.memoryBytes'],
];
/** What nobody writes. */
const DERIVED: readonly string[] = ['file', 'notes', 'recognised'];

export function changesOf(before: Config, after: Config): Changes {
  const [from, to] = [placesOf(before), placesOf(after)];
  const changed = [...new Set([...from.keys(), ...to.keys()])].filter((place) => from.get(place) !== to.get(place)).toSorted();
  const isLive = (place: string): boolean => {
    if (isBelow(place, FIXED)) return false;
    const kept = LIVE_IF_KEPT.find((group) => isBelow(place, [group]));
    if (kept !== undefined) return hasAny(from, kept) && hasAny(to, kept);
    return isBelow(place, LIVE);
  };
  return { applied: changed.filter(isLive), waiting: changed.filter((place) => !isLive(place)) };
}

/** Down to two levels: the third is compared as a whole. */
function placesOf(config: Config): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const [group, value] of Object.entries(config)) {
    if (DERIVED.includes(group)) continue;
    if (!isGroup(value)) places.set(nameOf(group), written(value));
    else for (const [key, item] of Object.entries(value)) places.set(`${nameOf(group)}.${key}`, written(item));
  }
  return places;
}

/** As the file has it. */
function nameOf(group: string): string {
  return group === 'dataDir' ? 'data' : group;
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function isBelow(place: string, groups: readonly string[]): boolean {
  return groups.some((group) => place === group || place.startsWith(`${group}.`));
}

function hasAny(places: ReadonlyMap<string, string>, group: string): boolean {
  return [...places.keys()].some((place) => isBelow(place, [group]));
}

/** Equal for what is equal. What it says of secrets is for comparison only. */
function written(value: unknown): string {
  if (value instanceof Secret) return `secret ${valueOf(value)}`;
  if (Array.isArray(value)) return `[${value.map(written).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${written(item)}`).join()}}`;
}

function valueOf(secret: Secret): string {
  try {
    return secret.reveal();
  } catch {
    return '';
  }
}
