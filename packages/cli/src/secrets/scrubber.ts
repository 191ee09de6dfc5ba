import type { Clock } from '@openclaw-runtime/kit';
import { createFinder } from './finder.ts';
import { formsOf, LEAST_CHARS } from './forms.ts';
import type { Secret } from './secret.ts';

export interface Scrubber {
  /** The text with `[secret]` in place of every value, in whatever form it stands there. The very same text where there is none. */
  scrub(text: string): string;
  /** Learns the values of these, too, until the returned function is called: then they are forgotten as those that another took the place of. */
  watch(secrets: readonly Secret[]): () => void;
  /** Learns no new values any more. */
  close(): void;
}

/** How long a value is looked for after another took its place. */
const REMEMBERED_MS = 3_600_000;

/** Knows every value that these secrets have and had within the last hour, of those that are at least eight characters long. */
export function createScrubber(secrets: readonly Secret[], clock: Clock): Scrubber {
  /** Absent: a value that some secret has now. */
  const values = new Map<string, { holders: number; forgetAtMs: number }>();
  let find = createFinder([], LEAST_CHARS);
  let forgetAtMs = Number.POSITIVE_INFINITY;

  const rebuild = (): void => {
    const now = clock.now();
    for (const [value, known] of values) if (known.holders === 0 && known.forgetAtMs <= now) values.delete(value);
    forgetAtMs = Math.min(...[...values.values()].map((known) => (known.holders > 0 ? Number.POSITIVE_INFINITY : known.forgetAtMs)));
    find = createFinder(
      [...values.keys()].flatMap((value) => formsOf(value)),
      LEAST_CHARS,
    );
  };

  const letGo = (value: string | undefined): void => {
    const before = value === undefined ? undefined : values.get(value);
    if (before && --before.holders === 0) before.forgetAtMs = clock.now() + REMEMBERED_MS;
  };

  const watchOne = (secret: Secret): (() => void) => {
    let current: string | undefined;
    const stop = secret.watch((value) => {
      if (value === current) return;
      letGo(current);
      const known = values.get(value);
      if (known) known.holders++;
      else values.set(value, { holders: 1, forgetAtMs: 0 });
      current = value;
      rebuild();
    });
    return () => {
      stop();
      letGo(current);
      current = undefined;
    };
  };

  const stops = new Set<() => void>();
  const watch = (more: readonly Secret[]): (() => void) => {
    const all = more.map(watchOne);
    const stop = (): void => {
      if (!stops.delete(stop)) return;
      for (const each of all) each();
      rebuild();
    };
    stops.add(stop);
    return stop;
  };
  watch(secrets);

  return {
    watch,
    scrub(text) {
      if (text.length < LEAST_CHARS || values.size === 0) return text;
      if (clock.now() >= forgetAtMs) rebuild();
      const spans = find(text);
      if (spans.length === 0) return text;
      let out = '';
      let end = 0;
      for (const [from, to] of spans) {
        out += `${text.slice(end, from)}[secret]`;
        end = to;
      }
      return out + text.slice(end);
    },
    close: () => stops.forEach((stop) => stop()),
  };
}
