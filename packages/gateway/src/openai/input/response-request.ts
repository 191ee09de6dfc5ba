import type { Message, Settings, ToolSpec } from '@openclaw-runtime/protocol';
import { type AskedRun, askedModel, metadataOf, ownFields } from './asked.ts';
import { Fields } from './fields.ts';
import { inputMessages } from './items.ts';
import { EFFORT_WORDS, type Effort, levelOf, responseSettings, unlessEmpty } from './settings.ts';
import { toolSpecs } from './tools.ts';

/** A response as it is to be made. */
export interface ResponseRequest {
  readonly model: string;
  readonly input: readonly Message[];
  readonly instructions: string | undefined;
  readonly previous: string | undefined;
  readonly background: boolean;
  readonly store: boolean;
  readonly stream: boolean;
  readonly effort: Effort | undefined;
  readonly metadata: { readonly metadata?: Readonly<Record<string, string>> };
  /** Of the run, without its input. */
  readonly run: Omit<AskedRun, 'input'> & { readonly tools?: readonly ToolSpec[]; readonly settings?: Settings };
}

const MAX_INSTRUCTIONS = 1024 * 1024;

/** Throws `BAD_REQUEST` with the parameter that is at fault. */
export function parseResponse(body: unknown): ResponseRequest {
  const request = new Fields(body);
  const { model, whom } = askedModel(request);
  const input = inputMessages(request);
  const instructions = request.text('instructions', MAX_INSTRUCTIONS);
  const previous = request.text('previous_response_id', 64, 1);
  const background = request.flag('background') ?? false;
  const store = request.flag('store') ?? true;
  if (background && !store) throw request.bad('store', 'what runs in the background is stored');
  const stream = request.flag('stream') ?? false;
  const tools = toolSpecs(request, false);
  const settings = responseSettings(request);
  const reasoning = request.object('reasoning');
  const effort = reasoning?.oneOf('effort', EFFORT_WORDS);
  reasoning?.oneOf('summary', ['auto', 'concise', 'detailed']);
  reasoning?.oneOf('generate_summary', ['auto', 'concise', 'detailed']);
  reasoning?.end();
  const metadata = metadataOf(request);
  const own = ownFields(request, effort !== undefined);
  if (own.supersede !== 'error') throw request.bad('openclaw.supersede', 'items say by themselves what stands; leave it out');
  if (previous !== undefined && own.fields['session'] !== undefined)
    throw request.bad('openclaw.session', 'previous_response_id says what was said before; leave one of them out');
  checkInclude(request);
  request.oneOf('truncation', ['disabled']);
  request.oneOf('service_tier', ['auto', 'default']);
  request.skip('user', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'stream_options');
  request.refuse('top_logprobs', 'max_tool_calls', 'prompt', 'conversation', 'context_management');
  request.end();
  const run = { ...levelOf(effort), ...own.fields, ...whom, ...(tools && { tools }), ...unlessEmpty(settings) };
  return { model, input, instructions, previous, background, store, stream, effort, metadata, run };
}

/** There is nothing encrypted to be included; more than that is not served. */
function checkInclude(request: Fields): void {
  for (const each of request.list('include', 16) ?? [])
    if (each !== 'reasoning.encrypted_content') throw request.bad('include', 'is not served here; leave it out');
}
