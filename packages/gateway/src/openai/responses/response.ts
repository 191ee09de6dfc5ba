import type { Outcome, Settings, ToolSpec } from '@openclaw-runtime/protocol';
import { effortOf } from '../input/settings.ts';
import type { Bill } from '../reading/bill.ts';
import type { Created } from '../reading/follow.ts';
import { responseId } from '../words/ids.ts';
import { responseUsage } from '../words/usage.ts';
import { type Item, itemBody } from './items.ts';

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** How a run stands. */
export interface Standing {
  readonly run: string;
  readonly created: Created;
  readonly items: readonly Item[];
  readonly hasBegun: boolean;
  readonly level: 1 | 2 | 3 | 4 | undefined;
  readonly outcome: Outcome | undefined;
  readonly paused: Outcome | undefined;
  readonly bill: Pick<Bill, 'usd'>;
}

/** What a response's request said that a run's does not say, or not in these words. */
export interface ResponseDoor {
  readonly api: 'responses';
  readonly model: string;
  readonly background: boolean;
  readonly store: boolean;
  /** Where the input of this request begins, behind what came before it. */
  readonly from: number;
  readonly instructions?: string;
  readonly previous?: string;
  readonly effort?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly leaseMs?: number;
}

export interface ResponseBody {
  readonly id: string;
  readonly status: ResponseStatus;
  readonly [field: string]: unknown;
}

/** What the door of a run that came another way would say. */
export function doorOf({ door, agent, model }: Created): ResponseDoor {
  if (door?.['api'] === 'responses') return door as unknown as ResponseDoor;
  return { api: 'responses', model: model ?? `agent:${agent}`, background: false, store: true, from: 0 };
}

/** The response as clients read it. */
export function responseBody(standing: Standing): ResponseBody {
  const { run, created, items, outcome, paused, bill, level } = standing;
  const door = doorOf(created);
  const { settings = {} } = created;
  const reason = outcome?.status === 'completed' ? INCOMPLETE[outcome.reason] : undefined;
  return {
    id: responseId(run),
    object: 'response',
    created_at: Math.floor(created.at / 1000),
    status: statusOf(standing),
    background: door.background,
    error: outcome && 'error' in outcome ? { code: outcome.error.code, message: outcome.error.message } : null,
    incomplete_details: reason === undefined ? null : { reason },
    instructions: door.instructions ?? null,
    max_output_tokens: settings.maxTokens ?? null,
    metadata: door.metadata ?? {},
    model: door.model,
    output: items.map(itemBody),
    parallel_tool_calls: settings.parallelTools ?? true,
    previous_response_id: door.previous ?? null,
    reasoning: { effort: door.effort ?? effortOf(level) ?? null, summary: null },
    service_tier: 'default',
    store: door.store,
    temperature: settings.temperature ?? null,
    text: { format: formatBody(settings.format), ...(settings.verbosity ? { verbosity: settings.verbosity } : {}) },
    tool_choice: choiceBody(settings.toolChoice),
    tools: (created.tools ?? []).map(toolBody),
    top_p: settings.topP ?? null,
    truncation: 'disabled',
    usage: outcome ? responseUsage(outcome.usage, bill.usd) : null,
    ...(paused && 'error' in paused && !outcome ? { openclaw: { paused: paused.error } } : {}),
  };
}

const INCOMPLETE: Readonly<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' };

function statusOf({ outcome, hasBegun, created }: Standing): ResponseStatus {
  if (!outcome) return hasBegun || !doorOf(created).background ? 'in_progress' : 'queued';
  if (outcome.status === 'completed') return INCOMPLETE[outcome.reason] === undefined ? 'completed' : 'incomplete';
  return outcome.status === 'cancelled' ? 'cancelled' : 'failed';
}

function toolBody({ name, description, parameters, strict }: ToolSpec): object {
  return { type: 'function', name, description: description ?? null, parameters: parameters ?? null, strict: strict ?? false };
}

function formatBody(format: Settings['format']): object {
  if (format === undefined) return { type: 'text' };
  return format === 'json' ? { type: 'json_object' } : { type: 'json_schema', ...format };
}

function choiceBody(choice: Settings['toolChoice']): unknown {
  return typeof choice === 'object' ? { type: 'function', name: choice.name } : (choice ?? 'auto');
}
