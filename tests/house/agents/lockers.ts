// An agent that takes two things, one after the other, and waits for what another one has.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineAgent, tool } from '@openclaw-runtime/agent';
import { z } from 'zod';

async function take(path: string): Promise<void> {
  for (;;) {
    try {
      return mkdirSync(path);
    } catch {
      await sleep(10);
    }
  }
}

const takeBoth = tool({
  name: 'take_both',
  description: 'Takes two things, in this order, and gives them back.',
  input: z.object({ first: z.string(), second: z.string() }),
  async execute({ first, second }, { run: { workspace = '' } }) {
    mkdirSync(workspace, { recursive: true });
    const [one, two] = [join(workspace, first), join(workspace, second)];
    await take(one);
    // Until the other one has taken its first; there may be no other one.
    for (let i = 0; i < 150 && !existsSync(two); i++) await sleep(10);
    await take(two);
    rmdirSync(two);
    rmdirSync(one);
    return 'I had both.';
  },
});

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({ name: 'locker', tools: [takeBoth] });
