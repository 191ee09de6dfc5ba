import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Speech } from '../call/speech.ts';
import { providerMessage } from '../failure/provider-message.ts';
import { statusFailure } from '../failure/status.ts';

/** Who failed, and what must not be told of it. */
export interface Speaker {
  readonly provider: string;
  readonly model: string;
  /** As `secretsOf` gives them. */
  readonly secrets: readonly string[];
  readonly wallMs: number;
  readonly speech: Speech;
}

/** What may be on an error of the SDK or of a provider's package. They are known by their names: each package may have an SDK of its own. */
interface SdkError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly responseHeaders?: unknown;
  readonly responseBody?: unknown;
  readonly data?: unknown;
  readonly value?: unknown;
  readonly text?: unknown;
  readonly cause?: unknown;
}

/** What is wrong with the request, or with the settings. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'AI_LoadAPIKeyError',
  'AI_LoadSettingError',
  'AI_InvalidArgumentError',
  'AI_InvalidPromptError',
  'AI_UnsupportedFunctionalityError',
]);

const DEEPEST_CAUSE = 5;

/** The error of ours for whatever a model of the AI SDK threw or reported. It carries no cause: those quote requests, with all that is in them. */
export function sdkFailure(speaker: Speaker, error: unknown, depth = 0): OpenClawError {
  if (error instanceof OpenClawError) return error;
  const { speech, model } = speaker;
  if (typeof error !== 'object' || error === null) return speech.failed(`failed: ${speech.tidy(String(error))}`);
  const { name, message, statusCode, cause, value, text }: SdkError = error;
  const said = speech.tidy(typeof message === 'string' && message !== '' ? message : JSON.stringify(error)).replace(/\.$/, '');
  if (typeof statusCode === 'number' && (statusCode < 200 || statusCode > 299)) return refused(speaker, statusCode, error);
  if (name === 'AI_JSONParseError') return speech.malformed('a line that is not JSON', String(text));
  if (name === 'AI_TypeValidationError') {
    const reported = errorIn(value);
    if (reported !== undefined) return speech.failed(`reported an error in its answer: ${speech.tidy(reported)}`);
    return speech.malformed('JSON that is not of its API', JSON.stringify(value) ?? said);
  }
  if (name === 'AI_NoSuchModelError') return speech.failed(`has no model "${model}"`, 'NOT_FOUND', 'Give a model name that it knows.');
  if (REFUSALS.has(name)) {
    return speech.failed(`cannot be asked: ${said}`, 'PROVIDER_REFUSED', 'Change the request, or the settings of this provider.');
  }
  if (cause instanceof Error && depth < DEEPEST_CAUSE) return sdkFailure(speaker, cause, depth + 1);
  return speech.failed(`failed: ${said}`);
}

function refused(speaker: Speaker, status: number, error: SdkError): OpenClawError {
  const { responseHeaders, responseBody, data, message } = error;
  const body = typeof responseBody === 'string' && responseBody !== '' ? responseBody : JSON.stringify({ error: { message } });
  const headers = isObject(responseHeaders) ? (responseHeaders as Readonly<Record<string, string>>) : {};
  const report = errorOf(body) ?? (isObject(data) ? data : {});
  return statusFailure({
    ...speaker,
    status,
    headers: { ...retryInfo(report), ...headers },
    body: status === 404 && isAboutModel(report, body) ? modelNotFound(body, speaker) : body,
  });
}

/** Gemini says `NOT_FOUND`, others speak of the model. */
function isAboutModel(report: Readonly<Record<string, unknown>>, body: string): boolean {
  return report['status'] === 'NOT_FOUND' || /\bmodel\b/i.test(body);
}

/** As OpenAI says it, which is the way that `statusFailure` knows. */
function modelNotFound(body: string, { secrets }: Speaker): string {
  return JSON.stringify({ error: { message: providerMessage(body, secrets), code: 'model_not_found' } });
}

/** Google's way of `Retry-After`: a detail of the error that says `"retryDelay": "43s"`. */
function retryInfo({ details }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const delays = Array.isArray(details) ? details.map((detail: unknown) => (isObject(detail) ? detail['retryDelay'] : undefined)) : [];
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(delays.find((delay) => typeof delay === 'string')))?.[1];
  return seconds === undefined ? {} : { 'retry-after': seconds };
}

function errorOf(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) && isObject(value['error']) ? value['error'] : undefined;
  } catch {
    return undefined;
  }
}

/** What stands in place of a chunk may be a report of an error. */
function errorIn(value: unknown): string | undefined {
  const error = isObject(value) ? value['error'] : undefined;
  if (typeof error === 'string') return error;
  return isObject(error) && typeof error['message'] === 'string' ? error['message'] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
