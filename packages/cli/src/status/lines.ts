import { plainLine } from '../commands/plain.ts';
import type { Style } from '../commands/style.ts';
import type { Status } from '../house/status.ts';
import { ageOf } from '../runs/times.ts';
import { cut } from './cut.ts';
import { sparkline } from './sparkline.ts';

const NAME_CHARS = 11;
/** Of one kind: what is drawn anew each second is to fit on the screen. */
const MOST_ROWS = 5;
const WORDS = ['normal', 'reconnecting', 'restored', 'static'] as const;

/** The status for people, no line wider than `width`. */
export function linesOf(now: Status, width: number, style: Style): readonly string[] {
  const alarm = (isBad: boolean): ((text: string) => string) => (isBad ? style.red : (text) => text);
  const row = (name: string, text: string, paint: (text: string) => string = (same) => same): string =>
    `${style.dim(name.padEnd(NAME_CHARS))}${paint(cut(plainLine(text), width - NAME_CHARS))}`;
  const { runs, threads, tiers, budgets, alerts, config, latencyMs, pressure } = now;
  const few = <T>(name: string, items: readonly T[], rowOf: (item: T) => string): readonly string[] => [
    ...items.slice(0, MOST_ROWS).map(rowOf),
    ...(items.length > MOST_ROWS ? [row(name, `… and ${items.length - MOST_ROWS} more`, style.dim)] : []),
  ];
  const none = (name: string): string => row(name, 'none', style.dim);
  return [
    style.bold(cut(plainLine(`OpenClaw ${now.version} at ${now.url}, for ${ageOf(now.uptimeMs)}`), width)),
    row('runs', [`${runs.working} at work`, `${runs.parked} parked`, `${runs.waiting} waiting`, ...endedOf(runs.ended)].join(' · ')),
    ...(now.tokensPerSecond === undefined ? [] : [row('tokens/s', `${now.tokensPerSecond}  ${sparkline(now.tokensEachSecond ?? [])}`)]),
    ...(latencyMs ? [row('latency', `P50 ${latencyMs.p50} ms · P99 ${latencyMs.p99} ms`)] : []),
    row('threads', `${threads.busy} busy of ${threads.total}, ${threads.max} at most · ${threads.waiting} calls waiting`),
    row('clients', `${now.connections} connected${pressure === 0 ? '' : ` · too much to do: step ${pressure} of 4`}`, alarm(pressure > 0)),
    row('store', `${bytesOf(now.storeBytes)} on disk · ${bytesOf(now.memoryBytes)} of memory`),
    ...(tiers.length === 0 ? [row('tiers', 'all normal', style.dim)] : []),
    ...few('tier', tiers, ({ of, name, tier, forMs, why }) =>
      row('tier', `${tier} ${WORDS[tier]}: ${of} ${name}, for ${ageOf(forMs)}: ${why}`, tier === 3 ? style.red : style.yellow),
    ),
    ...few('budget', budgets, (budget) => row('budget', budgetText(budget), style.yellow)),
    ...(alerts.length === 0 ? [none('alerts')] : alerts.map((alert) => row('alert', alertText(alert, Date.parse(now.at)), style.red))),
    ...(config?.outcome === 'refused' ? [row('config', `refused at ${config.at}: ${config.problem}`, style.red)] : []),
    ...(config && config.waiting.length > 0 ? [row('config', `only a restart brings: ${config.waiting.join(', ')}`, style.yellow)] : []),
  ];
}

function endedOf(ended: Readonly<Record<string, number>> = {}): readonly string[] {
  const all = Object.entries(ended).map(([status, count]) => `${count} ${status}`);
  return all.length === 0 ? [] : [`ended: ${all.join(', ')}`];
}

function budgetText({ tenant, scope, name, unit, limit, left }: Status['budgets'][number]): string {
  const amount = (value: number): string => {
    if (unit === 'microUsd') return `$${Math.round(value / 1e4) / 100}`;
    return unit === 'ms' ? `${Math.round(value / 1_000)} s` : `${value} tokens`;
  };
  return `${[scope, name].filter((word) => word !== '').join(' ')} of ${tenant}: ${amount(left)} of ${amount(limit)} left`;
}

function alertText(alert: object, nowMs: number): string {
  const {
    alert: name,
    value,
    threshold,
    since,
  } = alert as { readonly [key in 'alert' | 'value' | 'threshold' | 'since']: string | number };
  return `${name} is ${value}, should be under ${threshold}, for ${ageOf(nowMs - Date.parse(String(since)))}`;
}

/** `12.3 MB`. */
function bytesOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const value = bytes / 1_000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
