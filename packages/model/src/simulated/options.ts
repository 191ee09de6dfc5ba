import { OpenClawError } from '@openclaw-runtime/protocol';
import { nearest } from '../failure/nearest.ts';

/** The script of the simulated model, as `simulated?tokens=20&ms=200` gives it. */
export interface SimulatedOptions {
  /** Words of the answer; without it the answer is a readable text about the simulated model. */
  readonly tokens: number;
  /** Time of the whole answer, evenly spread; without it 30 tokens a second. */
  readonly ms: number;
  /** Time before the first token; without it that between two tokens. */
  readonly ttft: number;
  /** Each call answers differently, and none can be continued. */
  readonly vary: boolean;
  /** Words of thinking before the text; where a level is asked for, those of level 2, a quarter of those of level 3. */
  readonly thinking: number;
  /** Ends with a call to this tool. */
  readonly tool: string;
  /** Breaks off after this many tokens of this call. */
  readonly cut: number;
  /** Falls silent after this many tokens of this call. */
  readonly stall: number;
  /** Refuses with this HTTP status. */
  readonly status: number;
  /** Seconds of `Retry-After` with it. */
  readonly retry: number;
  /** cut, stall and status strike only the first calls of this exact name. */
  readonly times: number;
}

export type Script = { readonly [K in keyof SimulatedOptions]?: SimulatedOptions[K] | undefined };

const MOST: Readonly<Record<Exclude<keyof SimulatedOptions, 'vary' | 'tool'>, number>> = {
  tokens: 1_000_000,
  ms: 86_400_000,
  ttft: 86_400_000,
  thinking: 1_000_000,
  cut: 1_000_000,
  stall: 1_000_000,
  status: 599,
  retry: 86_400,
  times: 1_000_000,
};
const NAMES = [...Object.keys(MOST), 'vary', 'tool'];

/** The options of a query string over given ones. Throws `BAD_REQUEST` with the name, the value and what was expected. */
export function parseScript(query: string, defaults: Script): Script {
  const script: { -readonly [K in keyof Script]: Script[K] } = { ...defaults };
  for (const [key, value] of new URLSearchParams(query)) {
    if (key === 'vary') script.vary = value !== '0' && value !== 'false';
    else if (key === 'tool') script.tool = value;
    else if (isNumeric(key)) script[key] = parseCount(key, value);
    else throw unknownOption(key);
  }
  if (script.status !== undefined && script.status < 400) throw bad('status', String(script.status), 'a status from 400 to 599');
  return script;
}

function isNumeric(key: string): key is keyof typeof MOST {
  return Object.hasOwn(MOST, key);
}

function parseCount(key: keyof typeof MOST, value: string): number {
  const count = value === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(count) || count < 0 || count > MOST[key]) throw bad(key, value, `a number from 0 to ${MOST[key]}`);
  return key === 'ms' || key === 'ttft' || key === 'retry' ? count : Math.floor(count);
}

function bad(key: string, value: string, expected: string): OpenClawError {
  return new OpenClawError('BAD_REQUEST', `The simulated model's option ${key} is "${value}". Give ${expected}.`);
}

function unknownOption(key: string): OpenClawError {
  const near = nearest(key, NAMES);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  return new OpenClawError('BAD_REQUEST', `The simulated model has no option "${key}".${hint} It knows: ${NAMES.join(', ')}.`);
}
