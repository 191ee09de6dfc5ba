// An agent that does what agents must not do: once, then no more, unless it is told to go on with it.
import { execSync } from 'node:child_process';
import { pbkdf2, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { defineAgent, operation } from '@openclaw-runtime/agent';
import type { Shape } from './shapes.ts';

interface Tries {
  tries: number;
}

interface Told {
  readonly shape: Shape;
  /** Starts of the operation that misbehave. */
  readonly times: number;
}

const kept: unknown[] = [];

const MISDEEDS: Readonly<Record<Shape, () => unknown>> = {
  'endless loop': () => {
    for (;;);
  },
  'a loop of seconds': () => {
    const until = performance.now() + 1_000 + Math.random() * 29_000;
    while (performance.now() < until);
  },
  'catastrophic regex': () => /^(a+)+$/.test(`${'a'.repeat(40)}!`),
  'endless wasm': () => {
    // (module (func (export "f") (loop (br 0))))
    const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11];
    const module = new WebAssembly.Module(new Uint8Array(bytes));
    (new WebAssembly.Instance(module).exports['f'] as () => void)();
  },
  'endless microtasks': async () => {
    for (;;) await Promise.resolve();
  },
  'pbkdf2Sync for 20 s': () => pbkdf2Sync('a', 'b', 40_000_000, 64, 'sha512'),
  'recursive query': () =>
    new DatabaseSync(':memory:')
      .prepare('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0')
      .get(),
  'sleeping child': () => execSync('sleep 20'),
  exit: () => process.exit(3),
  'unhandled rejection': async () => {
    void Promise.reject(new Error('nobody listens'));
    await new Promise(() => undefined);
  },
  'unhandled exception': async () => {
    setTimeout(() => {
      throw new Error('nobody catches');
    }, 1);
    await new Promise(() => undefined);
  },
  'many objects': () => {
    for (;;) kept.push({ a: [kept.length], b: `text ${kept.length}` });
  },
  'long strings': () => {
    for (let text = 'a'.repeat(1024); ; ) {
      text += text.slice(0, 1_000_000);
      kept.push(text.split(''));
    }
  },
  'wide map': () => {
    const map = new Map<unknown, unknown>();
    for (let i = 0; ; i++) map.set({ i }, [i]);
  },
  'deep recursion': () => {
    const deeper = (n: number): number => 1 + deeper(n + 1);
    return deeper(0);
  },
  '2 GB of buffers': () => {
    for (let i = 0; i < 32; i++) kept.push(new Uint8Array(64 * 2 ** 20).fill(i));
    for (;;);
  },
  'memory that nobody counts': async () => {
    for (;;) {
      const memory = new WebAssembly.Memory({ initial: 256 });
      new Uint8Array(memory.buffer).fill(1);
      kept.push(memory);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  'message flood': () => {
    const { port1 } = new MessageChannel();
    for (let i = 0; i < 3_000_000; i++) port1.postMessage([i]);
    for (;;);
  },
  'stdout flood': async () => {
    const line = 'x'.repeat(1023);
    for (let i = 0; i < 200_000; i++) console.log(line);
    for (;;);
  },
  'nested workers': async () => {
    for (let i = 0; i < 60; i++) kept.push(new Worker('for(;;);', { eval: true }));
    await new Promise(() => undefined);
  },
  'the environment': () => {
    throw new Error(`it read ${readFileSync('/proc/self/environ', 'utf8').length} characters of the environment`);
  },
  'starved pool': () => {
    for (let i = 0; i < 64; i++) pbkdf2('a', 'b', 1_000_000, 64, 'sha512', () => undefined);
  },
};

export default defineAgent({
  name: 'culprit',
  state: (): Tries => ({ tries: 0 }),
  operations: {
    misbehave: operation<Tries, Told, number>(async (ctx, { shape, times }) => {
      ctx.state.tries++;
      await ctx.checkpoint();
      if (ctx.state.tries <= times) await MISDEEDS[shape]();
      return ctx.state.tries;
    }),
  },
});
