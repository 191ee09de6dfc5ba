import { type Estimate, type Interval, LEVELS, type Level } from '@openclaw-runtime/reasoning';
import { plainLine } from '../commands/plain.ts';
import type { Style } from '../commands/style.ts';
import type { Forecast } from '../forecast/forecaster.ts';

const NAMES: Readonly<Record<Level, string>> = { 1: 'quick', 2: 'standard', 3: 'deep', 4: 'ultra' };

/** A forecast for people, line by line: the level, why, and a table of levels and of models. */
export function shown(forecast: Forecast, models: readonly Forecast[], style: Style): string[] {
  const { level, score, why, estimates, model } = forecast;
  const [how = '', ...reasons] = why.map(plainLine);
  return [
    `${style.bold(`level ${level}`)} (${NAMES[level]}), score ${score.toFixed(2)}`,
    `  ${how}`,
    ...reasons.map((reason) => style.dim(`  ${reason}`)),
    '',
    ...table(
      ['LEVEL', ...AMOUNTS],
      LEVELS.map((each) => ({ mark: each === level, cells: [`${each} ${NAMES[each]}`, ...cellsOf(estimates[each])] })),
      style,
    ),
    ...(models.length < 2
      ? []
      : [
          '',
          ...table(
            ['MODEL', 'LEVEL', ...AMOUNTS],
            models.map((each) => ({
              mark: each.model === model,
              cells: [plainLine(each.model), String(each.level), ...cellsOf(each.estimates[each.level])],
            })),
            style,
          ),
        ]),
    '',
    style.dim(learnedLine(forecast)),
  ];
}

const AMOUNTS = ['IN', 'THINKING', 'ANSWER', 'COST', 'TIME'];

function learnedLine({ model, estimates, level }: Forecast): string {
  const { learnedFrom } = estimates[level];
  return learnedFrom === 0
    ? `Nothing was learned of ${plainLine(model)} at level ${level} here yet: this is what is usual for models in general.`
    : `Learned from ${learnedFrom} ${learnedFrom === 1 ? 'run' : 'runs'} of ${plainLine(model)} at level ${level}.`;
}

function cellsOf({ inputTokens, thinkingTokens, outputTokens, money, ms, priced }: Estimate): string[] {
  return [
    count(inputTokens.mean),
    range(thinkingTokens, count),
    range(outputTokens, count),
    priced ? range(money, dollars) : '?',
    range(ms, time),
  ];
}

function range({ mean, low, high }: Interval, say: (value: number) => string): string {
  return high === 0 ? say(0) : `${say(mean)} (${say(low)}–${say(high)})`;
}

function count(tokens: number): string {
  if (tokens < 10_000) return String(Math.round(tokens));
  return tokens < 1_000_000 ? `${(tokens / 1000).toFixed(tokens < 100_000 ? 1 : 0)}k` : `${(tokens / 1e6).toFixed(1)}M`;
}

function dollars(usd: number): string {
  if (usd === 0) return '$0';
  return usd >= 0.1 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(2)).toFixed(Math.min(7, 1 - Math.floor(Math.log10(usd))))}`;
}

function time(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  return ms < 120_000 ? `${Math.round(ms / 1000)}s` : `${Math.round(ms / 60_000)}m`;
}

function table(
  head: readonly string[],
  rows: readonly { readonly mark: boolean; readonly cells: readonly string[] }[],
  style: Style,
): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(({ cells }) => (cells[i] ?? '').length)));
  const line = (mark: string, cells: readonly string[]): string =>
    `${mark} ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  return [style.dim(line(' ', head)), ...rows.map(({ mark, cells }) => (mark ? style.bold(line('›', cells)) : line(' ', cells)))];
}
