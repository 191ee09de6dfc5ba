import { newId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { GatewayContext } from '../../admission/options.ts';
import type { SessionName } from '../words/session-key.ts';
import type { ThinkingWord } from '../words/thinking.ts';

/** A conversation as clients of this protocol know it: what they set for it, and which runs they started in it. What its model is told is the session's own. */
export interface SessionEntry extends SessionName {
  /** Another one after each reset. */
  readonly sessionId: string;
  /** How often it was reset: each time its runs go on in a session of another name. */
  readonly resets: number;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly label?: string | undefined;
  readonly model?: string | undefined;
  readonly thinking?: ThinkingWord | undefined;
  /** Runs that were let go of, since there were too many. */
  readonly dropped: number;
  /** In the order in which they were asked for: the client's name of each, and ours. */
  readonly runs: readonly SessionRun[];
  readonly isDeleted?: true | undefined;
}

export interface SessionRun {
  readonly runId: string;
  readonly run: string;
}

export interface Book {
  read(tenant: string, name: SessionName): Promise<SessionEntry | undefined>;
  /** As a change would find it: one that is not there is about to begin. */
  draft(tenant: string, name: SessionName): Promise<SessionEntry>;
  /** Durable when it resolves. One that is not there begins; changes of one session wait for each other. */
  change(tenant: string, name: SessionName, change: (entry: SessionEntry) => SessionEntry): Promise<SessionEntry>;
  /** Those changed last come first. */
  list(tenant: string): Promise<readonly SessionEntry[]>;
}

/** Runs that a conversation's history shows, and conversations that a list does. */
const MOST_RUNS = 100;
const MOST_SESSIONS = 500;
const TRIES = 20;
const INDEX = 'openclaw/sessions';

export function createBook({ store: { state }, clock, random }: Pick<GatewayContext, 'store' | 'clock' | 'random'>): Book {
  const tails = new Map<string, Promise<unknown>>();

  const read = async (tenant: string, { key }: SessionName): Promise<SessionEntry | undefined> => {
    const found = await state.get(tenant, placeOf(key));
    return found && (JSON.parse(found.value) as SessionEntry);
  };

  const fresh = ({ key, agent }: SessionName): SessionEntry => {
    const now = clock.wall();
    return { key, agent, sessionId: newId(random), resets: 0, createdMs: now, updatedMs: now, dropped: 0, runs: [] };
  };

  /** What begins where nothing is, or where that was deleted. */
  const after = (name: SessionName, deleted: SessionEntry | undefined): SessionEntry => ({
    ...fresh(name),
    resets: deleted ? deleted.resets + 1 : 0,
  });

  /** Reads, changes and writes until nobody came between. */
  const swap = async <T>(tenant: string, place: string, change: (before: T | undefined) => T | undefined): Promise<T | undefined> => {
    for (let tries = 1; ; tries++) {
      const found = await state.get(tenant, place);
      const before = found && (JSON.parse(found.value) as T);
      const after = change(before);
      if (after === undefined || after === before) return before;
      try {
        await state.put(tenant, place, JSON.stringify(after), found?.rev ?? 0);
        return after;
      } catch (error) {
        if (!(error instanceof OpenClawError && error.code === 'STATE_CONFLICT') || tries === TRIES) throw error;
      }
    }
  };

  const inTurn = async <T>(line: string, work: () => Promise<T>): Promise<T> => {
    const turn = (tails.get(line) ?? Promise.resolve()).then(work, work);
    tails.set(line, turn);
    try {
      return await turn;
    } finally {
      if (tails.get(line) === turn) tails.delete(line);
    }
  };

  /** Whoever is not in the list is put in front of it again, so that what goes on is in it. */
  const note = (tenant: string, { key, isDeleted }: SessionEntry): Promise<unknown> =>
    inTurn(tenant, () =>
      swap<readonly string[]>(tenant, INDEX, (keys = []) => {
        if (keys.includes(key) === !isDeleted) return keys;
        return isDeleted ? keys.filter((each) => each !== key) : [key, ...keys].slice(0, MOST_SESSIONS);
      }),
    );

  return {
    async read(tenant, name) {
      const entry = await read(tenant, name);
      return entry?.isDeleted ? undefined : entry;
    },
    async draft(tenant, name) {
      const entry = await read(tenant, name);
      return entry && !entry.isDeleted ? entry : after(name, entry);
    },
    async change(tenant, name, change) {
      const entry = (await inTurn(`${tenant}/${name.key}`, () =>
        swap<SessionEntry>(tenant, placeOf(name.key), (before) => {
          const known = before?.isDeleted ? undefined : before;
          const changed = change(known ?? after(name, before));
          if (changed === known) return known;
          const excess = Math.max(changed.runs.length - MOST_RUNS, 0);
          return { ...changed, dropped: changed.dropped + excess, runs: changed.runs.slice(excess), updatedMs: clock.wall() };
        }),
      )) as SessionEntry;
      await note(tenant, entry);
      return entry;
    },
    async list(tenant) {
      const found = await state.get(tenant, INDEX);
      const keys = found ? (JSON.parse(found.value) as readonly string[]) : [];
      const entries = await Promise.all(keys.map((key) => read(tenant, { key, agent: '' })));
      const known = entries.filter((entry) => entry !== undefined).filter(({ isDeleted }) => !isDeleted);
      return known.sort((a, b) => b.updatedMs - a.updatedMs);
    },
  };
}

/** The session that its runs belong to. */
export function sessionOf({ key, resets }: Pick<SessionEntry, 'key' | 'resets'>): string {
  return resets === 0 ? key : `${key}#${resets}`;
}

function placeOf(key: string): string {
  return `openclaw/session/${key}`;
}
