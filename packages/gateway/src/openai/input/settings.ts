import { LIMITS, type RunRequest, type Settings } from '@openclaw-runtime/protocol';
import type { Fields } from './fields.ts';
import { toolChoice } from './tools.ts';

const EFFORTS = { none: 1, minimal: 1, low: 2, medium: 3, high: 4, xhigh: 4 } as const;
export type Effort = keyof typeof EFFORTS;
export const EFFORT_WORDS = Object.keys(EFFORTS) as readonly Effort[];

export function levelOf(effort: Effort | undefined): Pick<RunRequest, 'level'> {
  return effort === undefined ? {} : { level: EFFORTS[effort] };
}

/** The other way round. */
export function effortOf(level: 1 | 2 | 3 | 4 | undefined): Effort | undefined {
  return level && (['minimal', 'low', 'medium', 'high'] as const)[level - 1];
}

/** What both APIs call the same. */
export function commonSettings(request: Fields, nested: boolean): Settings {
  return present({
    temperature: request.number('temperature', 0, 2),
    topP: request.number('top_p', 0, 1),
    toolChoice: toolChoice(request, nested),
    parallelTools: request.flag('parallel_tool_calls'),
  });
}

/** The settings of a chat completion. */
export function chatSettings(request: Fields): Settings {
  const before = request.count('max_tokens', 1, LIMITS.maxAnswerTokens);
  const now = request.count('max_completion_tokens', 1, LIMITS.maxAnswerTokens);
  return present({
    ...commonSettings(request, true),
    maxTokens: now ?? before,
    stop: stopsOf(request),
    seed: request.count('seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    presencePenalty: request.number('presence_penalty', -2, 2),
    frequencyPenalty: request.number('frequency_penalty', -2, 2),
    format: formatOf(request.object('response_format'), true),
    verbosity: request.oneOf('verbosity', VERBOSITIES),
  });
}

const VERBOSITIES = ['low', 'medium', 'high'] as const;

/** The settings of a response. */
export function responseSettings(request: Fields): Settings {
  const text = request.object('text');
  const settings = present({
    ...commonSettings(request, false),
    maxTokens: request.count('max_output_tokens', 1, LIMITS.maxAnswerTokens),
    format: formatOf(text?.object('format'), false),
    verbosity: text?.oneOf('verbosity', VERBOSITIES),
  });
  text?.end();
  return settings;
}

/** Only what somebody set: `undefined` where that is nothing. */
export function unlessEmpty(settings: Settings): { readonly settings?: Settings } {
  return Object.keys(settings).length > 0 ? { settings } : {};
}

function stopsOf(request: Fields): readonly string[] | undefined {
  const value = request.any('stop');
  if (typeof value === 'string') return [request.text('stop', LIMITS.maxStopChars, 1) as string];
  const list = request.list('stop', LIMITS.maxStops);
  if (list === undefined || list.length === 0) return undefined;
  for (const each of list) {
    if (typeof each === 'string' && each.length > 0 && each.length <= LIMITS.maxStopChars) continue;
    throw request.bad('stop', `give texts of 1 to ${LIMITS.maxStopChars} characters`);
  }
  return list as readonly string[];
}

/** In chat completions a schema stands below `json_schema`, in responses beside `type`. */
function formatOf(format: Fields | undefined, nested: boolean): Settings['format'] {
  const type = format?.oneOf('type', ['text', 'json_object', 'json_schema']);
  if (format === undefined) return undefined;
  if (type === undefined) throw format.bad('type', 'give text, json_object or json_schema');
  if (type !== 'json_schema') {
    format.end();
    return type === 'text' ? undefined : 'json';
  }
  const shape = nested ? format.object('json_schema') : format;
  const name = shape?.text('name', LIMITS.maxNameLength, 1);
  const schema = shape?.json('schema');
  if (shape === undefined || name === undefined || schema === undefined) throw format.bad('json_schema', 'give name and schema');
  const description = shape.text('description', LIMITS.maxBodyBytes);
  const strict = shape.flag('strict');
  shape.end();
  if (nested) format.end();
  return { name, schema, ...(description === undefined ? {} : { description }), ...(strict === undefined ? {} : { strict }) };
}

function present(settings: { readonly [K in keyof Settings]: Settings[K] | undefined }): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
