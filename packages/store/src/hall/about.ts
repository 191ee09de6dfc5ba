import type { Payloads, WireRecord } from '@openclaw-runtime/protocol';
import type { RunSummary } from '../contract/store.ts';

/** What a list says of a run that its first record knows. */
export type About = Pick<RunSummary, 'agent' | 'model' | 'session' | 'parent' | 'fork' | 'createdMs'>;

/** Of a first record, as it was encoded. */
export function aboutOf(creation: string): About {
  const { agent, model, session, parent, fork, at } = (JSON.parse(creation) as WireRecord)[3] as Payloads['run.created'];
  return {
    agent,
    ...(model === undefined ? {} : { model }),
    ...(session === undefined ? {} : { session }),
    ...(parent === undefined ? {} : { parent: parent.run }),
    ...(fork === undefined ? {} : { fork: { run: fork.run, seq: fork.seq } }),
    createdMs: at,
  };
}

/** The first record of a body, without taking the rest apart. */
export function firstRecord(body: string): string {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < body.length; i++) {
    const unit = body.charCodeAt(i);
    if (quoted) {
      if (unit === 0x5c) i++;
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x5b || unit === 0x7b) depth++;
    else if ((unit === 0x5d || unit === 0x7d) && --depth === 0) return body.slice(0, i + 1);
  }
  return body;
}
