import { LIMITS, OpenClawError, type RunRequest, type Start } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { type CreatedRun, createRun } from '../../admission/create-run.ts';
import { createdOf, readRun } from '../../openai/reading/follow.ts';
import { type SessionEntry, sessionOf } from '../sessions/book.ts';
import { agentNamed, type Catalogue, modelNamed, readCatalogue } from '../sessions/catalogue.ts';
import type { AboutRun } from '../telling/told.ts';
import type { SessionName } from '../words/session-key.ts';
import { levelOf, thinkingWord } from '../words/thinking.ts';
import type { Call, House } from './call.ts';

/** What a client asks, in whichever method. */
export interface Asked {
  /** The client's name of the run, by which the same request is known again: for ever. */
  readonly runId: string;
  readonly name: SessionName;
  readonly message: string;
  readonly system?: string | undefined;
  readonly model?: string | undefined;
  readonly thinking?: string | undefined;
}

export interface Begun extends CreatedRun {
  readonly about: AboutRun;
  readonly entry: SessionEntry;
}

/** Begins the run, or finds the one that this name stands for. Durable when it resolves, and so is its place in the session. */
export async function beginRun(call: Call, asked: Asked): Promise<Begun> {
  const { house, tenant, seat } = call;
  const { context, create, book, hub } = house;
  const { runId, name, message } = asked;
  seat.checkRoom();
  const draft = await book.draft(tenant, name);
  const run = context.store.runId(tenant, runId);
  // Whoever comes back for a run is not kept waiting for new ones.
  if (!draft.runs.some((each) => each.run === run)) context.admission.run(seat.asker);
  const about: AboutRun = { runId, sessionKey: name.key, agentId: name.agent };
  const request = requestOf(await readCatalogue(context.store), draft, asked, about);
  const made = await createRun({ ...create, asker: seat.asker }, tenant, request, runId).catch((error: unknown) =>
    sameAsked(house, tenant, run, about, message, error),
  );
  const entry = await book.change(tenant, name, (before) =>
    before.runs.some((each) => each.run === run) ? before : { ...before, runs: [...before.runs, { runId, run }] },
  );
  if (!made.dup) {
    hub.began(tenant, made.key, about);
    hub.changed(tenant, { sessionKey: name.key, agentId: name.agent, runId, phase: 'start', ts: Math.round(context.clock.wall()) });
  }
  return { ...made, about, entry };
}

/** What the session says counts where nothing else is said. */
function requestOf(
  catalogue: Catalogue,
  session: SessionEntry,
  { name, message, system, model = session.model, thinking = session.thinking }: Asked,
  about: AboutRun,
): Start['run'] & Pick<RunRequest, 'door'> {
  const input: RunRequest['input'] =
    system === undefined
      ? message
      : [
          { role: 'system', content: system },
          { role: 'user', content: message },
        ];
  return {
    agent: agentNamed(catalogue, name.agent),
    input,
    session: sessionOf(session),
    ...(model === undefined ? {} : { model: modelNamed(catalogue, model) }),
    ...(thinking === undefined ? {} : { level: levelOf(thinkingWord(thinking)) }),
    door: { api: 'openclaw', ...about },
  };
}

/** What was asked is the same though the session's model or depth have changed since: the run of then answers it. Throws the error where it is not. */
async function sameAsked(house: House, tenant: string, run: string, about: AboutRun, message: string, error: unknown): Promise<CreatedRun> {
  if (!(error instanceof OpenClawError && error.code === 'IDEMPOTENCY_CONFLICT')) throw error;
  const key = runKey(tenant, run);
  for await (const piece of readRun(house.context, key)) {
    const { door, input } = createdOf(piece);
    const last = typeof input === 'string' ? input : input.at(-1)?.content;
    if (door?.['api'] !== 'openclaw' || door['sessionKey'] !== about.sessionKey || last !== message) break;
    return { run, key, head: piece.head, dup: true };
  }
  throw error;
}

/** Throws `BAD_REQUEST`. */
export function runIdOf({ params }: Call): string {
  const runId = params.text('idempotencyKey', LIMITS.maxNameLength, 1);
  if (runId === undefined) throw params.bad('idempotencyKey', 'give the run a name');
  return runId;
}

/** What is said. Throws `BAD_REQUEST`. */
export function messageOf({ params }: Call): string {
  const message = params.text('message', LIMITS.maxBodyBytes);
  if (message === undefined || message.trim() === '') throw params.bad('message', 'say something');
  if ((params.list('attachments', 100) ?? []).length > 0) throw params.bad('attachments', 'are not served here; leave them out');
  return message;
}
