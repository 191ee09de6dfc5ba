import { type ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';
import { providerMessage, tidy } from '../failure/provider-message.ts';
import { statusFailure } from '../failure/status.ts';
import type { HttpAnswer } from '../http/port.ts';
import type { Lateness } from './deadline.ts';
import type { CallTarget } from './target.ts';

/** How errors of one call are put: with the provider's name, without its secrets. */
export interface Speech {
  /** The provider did what `what` says. */
  failed(what: string, code?: ErrorCode, advice?: string): OpenClawError;
  /** Quotes the beginning of `data`. */
  malformed(what: string, data: string): OpenClawError;
  /** The connection did. */
  broken(what: string, cause: unknown): OpenClawError;
  late(late: Lateness): OpenClawError;
  /** The answer's status is not a success. */
  refused(http: HttpAnswer, body: string): OpenClawError;
  /** The answer is no stream of events. */
  unexpected(type: string, body: string): OpenClawError;
  /** A provider's own words, fit to be passed on. */
  tidy(text: string): string;
}

const MAX_QUOTED_LENGTH = 120;

/** `api` as in `an OpenAI-compatible API`; `secrets` as `secretsOf` gives them. */
export function createSpeech(target: CallTarget, api: string, secrets: readonly string[]): Speech {
  const { provider, model, clock } = target;
  const who = `The provider "${provider}"`;
  return {
    failed: (what, code = 'PROVIDER_FAILED', advice = 'Try again.') => new OpenClawError(code, `${who} ${what}. ${advice}`),
    // Without a cause: what a JSON parser says quotes the data.
    malformed(what, data) {
      const seen = tidy(data, secrets, MAX_QUOTED_LENGTH);
      return new OpenClawError('PROVIDER_MALFORMED', `${who} sent ${what}: ${seen}. Check that its baseUrl is that of ${api}.`);
    },
    broken(what, cause) {
      const why = tidy(causeText(cause), secrets);
      return new OpenClawError('PROVIDER_FAILED', `${who} ${what}: ${why}. Check that it runs, then try again.`, { cause });
    },
    late(late) {
      const { totalMs, firstChunkMs, betweenChunksMs } = target;
      const what = {
        total: `did not end its answer within ${totalMs} ms (timeouts.totalMs)`,
        'first chunk': `sent no content within ${firstChunkMs} ms (timeouts.firstChunkMs)`,
        'end mark': 'did not end its answer',
        'between chunks': `sent no more content for ${betweenChunksMs} ms (timeouts.betweenChunksMs)`,
      }[late];
      return new OpenClawError('PROVIDER_TIMEOUT', `${who} ${what}. Try again, or raise the time-out.`);
    },
    refused: ({ status, headers }, body) => statusFailure({ provider, model, status, headers, body, secrets, wallMs: clock.wall() }),
    unexpected(type, body) {
      const what = `answered ${type} instead of an event stream: ${providerMessage(body, secrets)}`;
      return new OpenClawError('PROVIDER_MALFORMED', `${who} ${what}. Check that its baseUrl is that of ${api}.`);
    },
    tidy: (text) => tidy(text, secrets),
  };
}

/** Where all addresses of a host failed, Node says so in an error without a message. */
function causeText(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(causeText).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
