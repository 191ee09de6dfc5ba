import type { WaitsFor } from '../commands/insight.ts';
import { ageOf } from '../runs/times.ts';

/** What is waited for. */
export function thingOf({ for: what, name }: WaitsFor): string {
  const words = WORDS[what];
  return words ? words.thing(name ?? '') : what;
}

/** What would end the waiting. */
export function endOf({ for: what, leftMs, name }: WaitsFor, run: string): string {
  const byItself = leftMs === undefined ? '' : ` By itself it ends in ${ageOf(leftMs)}.`;
  return `${WORDS[what]?.end(run, name ?? '') ?? `claw runs cancel ${run}.`}${byItself}`;
}

interface Words {
  thing(name: string): string;
  end(run: string, name: string): string;
}

const WORDS: Readonly<Record<string, Words>> = {
  queue: {
    thing: () => 'a place among the runs that are at work',
    end: () => 'another run ends; or limits.maxConcurrentRuns is raised.',
  },
  disk: {
    thing: () => 'the disk to take what was said',
    end: () => 'the disk writes again: see whether it is full (claw doctor).',
  },
  turn: {
    thing: (name) => `its turn in the session ${name}`,
    end: () => 'the session’s run before it ends: claw runs list --status running shows it, claw why tells what that waits for.',
  },
  budget: {
    thing: (name) => `room in a budget (${name})`,
    end: (run) => `the budget is raised: claw budget add ${run} --usd 1.`,
  },
  person: {
    thing: (name) => `a person (${name})`,
    end: (run) => `somebody answers: claw runs approve ${run}.`,
  },
  thread: {
    thing: () => 'a free thread',
    end: () => 'other agents’ code ends; or threads.max, or threads.perThread, is raised.',
  },
  'rate limit': {
    thing: (name) => `its place in the line for the model ${name}`,
    end: () => 'the calls before it end; or the limits of the model, or of its provider, are raised.',
  },
  retry: {
    thing: (name) => `the next try at the model ${name}`,
    end: () => 'that try begins, and works.',
  },
  'first chunk': {
    thing: (name) => `the first word of the model ${name}`,
    end: (run) => `the provider says something, or its time-out is over (then it is tried again); claw runs cancel ${run} ends the run.`,
  },
  'next chunk': {
    thing: (name) => `the next word of the model ${name}`,
    end: (run) => `the provider goes on, or its time-out is over (then it is tried again); claw runs cancel ${run} ends the run.`,
  },
  tool: {
    thing: (name) => `the tool ${name}`,
    end: (run) => `the tool answers, or its time-out is over; claw runs cancel ${run} ends the run.`,
  },
  child: {
    thing: (name) => `the run that it started, ${name}`,
    end: () => 'that run ends: claw why tells what it waits for.',
  },
  code: {
    thing: (name) => `its own code (operation ${name})`,
    end: (run) => `the code goes on, or its time is up; claw runs cancel ${run} ends the run.`,
  },
};
