/**
 * Many viewers in a process of their own: `node --conditions=openclaw-source crowd-main.ts --url URL --runs ID,ID --count N`. Told `drop` by its parent, all lose their
 * connections at one moment and come back, each from its cursor. Says `attached`, `back` and at the end `done` with each run's texts.
 */
import { parseArgs } from 'node:util';
import { openViewer, type Viewer } from './viewer.ts';

export type CrowdSays =
  | { readonly t: 'attached' | 'back'; readonly ms: number }
  | {
      readonly t: 'done';
      readonly texts: Readonly<Record<string, readonly string[]>>;
      readonly faults: readonly string[];
      readonly connects: number;
    };

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { url: option, runs: option, count: option } });
const { url = '', runs = '', count = '0' } = values;
await gather(url, runs.split(','), Number(count));

async function gather(where: string, ids: readonly string[], many: number): Promise<void> {
  const say = (what: CrowdSays): void => void process.send?.(what);
  const began = performance.now();
  const viewers: Viewer[] = [];
  for (let n = 0; n < many; n += 50) {
    const some = Array.from({ length: Math.min(50, many - n) }, (_, i) => openViewer(where, ids[(n + i) % ids.length] as string));
    viewers.push(...some);
    await Promise.all(some.map((viewer) => viewer.attached()));
  }
  say({ t: 'attached', ms: performance.now() - began });
  process.on('message', () => {
    const dropped = performance.now();
    for (const viewer of viewers) viewer.drop();
    void Promise.all(viewers.map((viewer) => viewer.attached())).then(() => say({ t: 'back', ms: performance.now() - dropped }));
  });
  await Promise.all(viewers.map(({ done }) => done));
  const texts: Record<string, string[]> = {};
  for (const { run, text } of viewers) {
    const known = (texts[run] ??= []);
    if (!known.includes(text())) known.push(text());
  }
  const faults = viewers.flatMap((viewer) => viewer.faults);
  say({
    t: 'done',
    texts,
    faults: [...new Set(faults)].slice(0, 20),
    connects: viewers.reduce((sum, viewer) => sum + viewer.connects(), 0),
  });
  process.disconnect?.();
}
