import type { Price } from './expected.ts';

/**
 * What providers ask for a million tokens of input, of output, and of input that they have in their cache, in US dollars, as listed in November 2026. Models of open
 * weights are not here: what they cost depends on who serves them.
 */
const LISTED: Readonly<Record<string, readonly [input: number, output: number, cachedInput?: number]>> = {
  'gpt-6-astra': [10, 50, 1],
  'gpt-6-sol': [2, 10, 0.2],
  'gpt-6-luna': [0.1, 0.5, 0.01],
  'gpt-5.6-sol': [4, 20, 0.4],
  'gpt-5.6-terra': [2, 12, 0.2],
  'gpt-5.6-luna': [0.2, 1.2, 0.02],
  'gpt-5.5-pro': [30, 180],
  'gpt-5.5': [5, 30, 0.5],
  'gpt-5.4-pro': [30, 180],
  'gpt-5.4-mini': [0.75, 4.5, 0.075],
  'gpt-5.4-nano': [0.2, 1.25, 0.02],
  'gpt-5.4': [2.5, 15, 0.25],
  'gpt-5.3': [1.75, 14, 0.175],
  'gpt-5.2-pro': [21, 168],
  'gpt-5.2': [1.75, 14, 0.175],
  'gpt-5.1-codex-mini': [0.25, 2, 0.025],
  'gpt-5.1': [1.25, 10, 0.125],
  'gpt-5-pro': [15, 120],
  'gpt-5-mini': [0.25, 2, 0.025],
  'gpt-5-nano': [0.05, 0.4, 0.005],
  'gpt-5': [1.25, 10, 0.125],
  'gpt-4.1-mini': [0.4, 1.6, 0.1],
  'gpt-4.1-nano': [0.1, 0.4, 0.025],
  'gpt-4.1': [2, 8, 0.5],
  'gpt-4o-mini': [0.15, 0.6, 0.075],
  'gpt-4o': [2.5, 10, 1.25],
  'gpt-4-turbo': [10, 30],
  'gpt-4': [30, 60],
  'gpt-3.5-turbo': [0.5, 1.5],
  'o1-mini': [1.1, 4.4, 0.55],
  'o1-pro': [150, 600],
  o1: [15, 60, 7.5],
  'o3-mini': [1.1, 4.4, 0.55],
  'o3-pro': [20, 80],
  o3: [2, 8, 0.5],
  'o4-mini': [1.1, 4.4, 0.275],
  'claude-fable-5-1': [10, 50, 0.25],
  'claude-fable-5': [10, 50, 1],
  'claude-opus-5-5': [4, 20, 0.2],
  'claude-opus-5': [5, 25, 0.5],
  'claude-sonnet-5': [2, 10, 0.2],
  'claude-opus-4-8': [5, 25, 0.5],
  'claude-opus-4-7': [5, 25, 0.5],
  'claude-opus-4-6': [5, 25, 0.5],
  'claude-opus-4-5': [5, 25, 0.5],
  'claude-opus-4-1': [15, 75, 1.5],
  'claude-opus-4': [15, 75, 1.5],
  'claude-sonnet-4-6': [3, 15, 0.3],
  'claude-sonnet-4-5': [3, 15, 0.3],
  'claude-sonnet-4': [3, 15, 0.3],
  'claude-haiku-4-5': [1, 5, 0.1],
  'claude-3-7-sonnet': [3, 15, 0.3],
  'claude-3-5-sonnet': [3, 15, 0.3],
  'claude-3-5-haiku': [0.8, 4, 0.08],
  'claude-3-opus': [15, 75, 1.5],
  'claude-3-haiku': [0.25, 1.25, 0.03],
  'gemini-3.8-flash': [1.5, 7.5, 0.15],
  'gemini-3.7-flash': [1.5, 7.5, 0.15],
  'gemini-3.6-flash': [1.5, 7.5, 0.15],
  'gemini-3.5-flash-lite': [0.3, 2.5, 0.03],
  'gemini-3.5-flash': [1.5, 9, 0.15],
  'gemini-3.1-flash-lite': [0.25, 1.5, 0.025],
  'gemini-3.1-pro': [2, 12, 0.2],
  'gemini-3-flash': [0.5, 3, 0.05],
  'gemini-3-pro': [2, 12, 0.2],
  'gemini-2.5-flash-lite': [0.1, 0.4, 0.01],
  'gemini-2.5-flash': [0.3, 2.5, 0.03],
  'gemini-2.5-pro': [1.25, 10, 0.125],
  'gemini-2.0-flash-lite': [0.075, 0.3],
  'gemini-2.0-flash': [0.1, 0.4, 0.025],
  'grok-4.6': [2, 6, 0.5],
  'grok-4.5': [2, 6, 0.3],
  'grok-4.3': [1.25, 2.5, 0.2],
  'grok-4.20': [1.25, 2.5, 0.2],
  'grok-4-1-fast': [0.2, 0.5, 0.05],
  'grok-4-fast': [0.2, 0.5, 0.05],
  'grok-4': [3, 15, 0.75],
  'grok-3-mini': [0.3, 0.5, 0.075],
  'grok-3': [3, 15, 0.75],
  'grok-code-fast-1': [0.2, 1.5, 0.02],
  'deepseek-chat': [0.135, 0.55, 0.035],
  'deepseek-reasoner': [0.135, 0.55, 0.035],
  'mistral-large-2512': [0.5, 1.5, 0.05],
  'mistral-medium-3-5': [1.5, 7.5, 0.15],
  'mistral-medium-latest': [1.5, 7.5, 0.15],
  'command-a': [2.5, 10],
  'command-r-plus': [2.5, 10],
};

/** By the model's name at its provider, with or without a vendor before it and a date behind it; `undefined` where no list price is known. */
export function listPriceOf(model: string): Price | undefined {
  const bare = model.replace(/\?.*$/s, '').toLowerCase();
  const name = bare.slice(Math.max(bare.lastIndexOf('/'), bare.search(/\b(claude|gemini)-/) - 1) + 1);
  let listed: string | undefined;
  for (const known of Object.keys(LISTED)) {
    if (!name.startsWith(known) || (listed !== undefined && listed.length >= known.length)) continue;
    // What goes on with a digit or a letter, or with one or two digits behind a dash, is another model.
    if (/^($|[^\w.])(?!\d{1,2}(?!\d))/.test(name.slice(known.length))) listed = known;
  }
  if (listed === undefined) return undefined;
  const [input, output, cachedInput] = LISTED[listed] as (typeof LISTED)[string];
  return { input, output, ...(cachedInput !== undefined && { cachedInput }) };
}
