import type { AskedRun, Supersede } from './asked.ts';
import { askedModel, checkedRun, metadataOf, ownFields } from './asked.ts';
import { chatMessages } from './chat-messages.ts';
import { Fields } from './fields.ts';
import { chatSettings, EFFORT_WORDS, levelOf, unlessEmpty } from './settings.ts';
import { toolSpecs } from './tools.ts';

/** A chat completion as it is to be made and delivered. */
export interface ChatRequest {
  readonly run: AskedRun;
  readonly model: string;
  /** How many answers. */
  readonly n: number;
  readonly stream: boolean;
  readonly usage: boolean;
  readonly supersede: Supersede;
}

/** Answers to one question; each is a run. */
export const MAX_CHOICES = 8;

/** Throws `BAD_REQUEST` with the parameter that is at fault. `leaseMs`: see `Door`. */
export function parseChat(body: unknown, leaseMs: number): ChatRequest {
  const request = new Fields(body);
  const { model, whom } = askedModel(request);
  const input = chatMessages(request);
  const tools = toolSpecs(request, true);
  const settings = chatSettings(request);
  const effort = request.oneOf('reasoning_effort', EFFORT_WORDS);
  const n = request.count('n', 1, MAX_CHOICES) ?? 1;
  const stream = request.flag('stream') ?? false;
  const options = request.object('stream_options');
  const usage = options?.flag('include_usage') ?? false;
  options?.skip('include_obfuscation');
  options?.end();
  const metadata = metadataOf(request);
  const own = ownFields(request, effort !== undefined);
  if (n > 1 && own.fields['session'] !== undefined)
    throw request.bad('openclaw.session', 'a conversation goes on with one answer; leave n out');
  request.oneOf('service_tier', ['auto', 'default']);
  request.skip('user', 'store', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier');
  if (request.list('modalities', 4)?.some((each) => each !== 'text')) throw request.bad('modalities', 'only text is served here');
  request.refuse('logprobs', 'top_logprobs', 'logit_bias', 'audio', 'prediction', 'web_search_options', 'functions', 'function_call');
  request.end();
  const run = { ...levelOf(effort), ...own.fields, ...whom, input, ...(tools && { tools }), ...unlessEmpty(settings) };
  return {
    run: checkedRun(run, { api: 'chat', model, leaseMs, ...(n > 1 && { n }), ...metadata }),
    model,
    n,
    stream,
    usage,
    supersede: own.supersede,
  };
}
