import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { within } from '../tool/within.ts';
import { plainText } from './plain-text.ts';
import type { McpPorts } from './ports.ts';

const TIMEOUT_MS = 30_000;
const MAX_DESCRIPTION = 2_000;
const MAX_CODE = 100;
/** What an authorization server says that could not answer just now. */
const UNAVAILABLE = 'temporarily_unavailable';

/** A fetch for what is asked on the way to tokens: each answer comes as a whole within 30 s, or the request fails. */
export function createAuthFetch(fetch: McpPorts['fetch'], clock: Clock, signal: AbortSignal): McpPorts['fetch'] {
  const tokens = createTokenFetch(fetch, clock);
  return async (url, init = {}) => {
    if (isTokenRequest(init)) return tokens(url, init);
    try {
      return await whole(fetch, clock, signal, url, init);
    } catch (error) {
      // As a fetch says that nobody answered: what is told otherwise is taken for a description that does not exist.
      throw error instanceof OpenClawError && !signal.aborted ? new TypeError(error.message, { cause: error }) : error;
    }
  };
}

/**
 * The same for requests for tokens only; others pass as they are. What is no answer at all, or one that a sound authorization server would not give, comes as
 * the OAuth error `temporarily_unavailable`: it says nothing of the login.
 */
export function createTokenFetch(fetch: McpPorts['fetch'], clock: Clock): McpPorts['fetch'] {
  // A refresh that was begun is finished: given up half way, the one token is spent and the next is lost.
  const never = new AbortController().signal;
  return async (url, init = {}) => {
    if (!isTokenRequest(init)) return fetch(url, init);
    try {
      return await tokenAnswer(await whole(fetch, clock, never, url, init));
    } catch (error) {
      return refusal(503, UNAVAILABLE, `no answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

function isTokenRequest({ body, headers }: RequestInit): boolean {
  if (body instanceof URLSearchParams) return body.has('grant_type');
  const form = new Headers(headers).get('content-type')?.startsWith('application/x-www-form-urlencoded') === true;
  return form && typeof body === 'string' && new URLSearchParams(body).has('grant_type');
}

async function whole(fetch: McpPorts['fetch'], clock: Clock, signal: AbortSignal, url: string | URL, init: RequestInit): Promise<Response> {
  return within(clock, new URL(url).origin, TIMEOUT_MS, signal, async (inner) => {
    const answer = await fetch(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, inner]) : inner });
    const { status, statusText, headers } = answer;
    const text = await answer.text();
    return new Response(text === '' ? null : text, { status, statusText, headers: [...headers] });
  });
}

async function tokenAnswer(answer: Response): Promise<Response> {
  const { status, headers } = answer;
  // Whoever asked follows it, or not.
  if (status >= 300 && status < 400) return answer;
  const text = await answer.text();
  const said = recordOf(text);
  if (answer.ok && typeof said['access_token'] === 'string') return new Response(text, { status, headers });
  const { error, error_description: description } = said;
  const words = typeof description === 'string' ? description : '';
  const passing = status >= 500 || status === 429 || typeof error !== 'string' || error === 'server_error';
  if (passing) return refusal(503, UNAVAILABLE, `HTTP ${status}${words === '' ? '' : `: ${words}`}`);
  return refusal(answer.ok ? 400 : status, error, words || error);
}

function recordOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function refusal(status: number, error: string, description: string): Response {
  return Response.json({ error: plainText(error, MAX_CODE), error_description: plainText(description, MAX_DESCRIPTION) }, { status });
}
