import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { createHealth, isItsOwn } from '../src/agent/health.ts';
import { type OpenClawAgentOptions, resolveAgentOptions } from '../src/agent/options.ts';
import { type Execute, runOf } from '../src/agent/what.ts';
import { OpenClawAgent, ThreadPool } from '../src/index.ts';
import { argsOf, checkKnown } from '../src/pool/task.ts';

const resolve = (options: OpenClawAgentOptions) => resolveAgentOptions(options, (path) => new URL(path, 'file:///here/'));
const MINUTE = 60_000;

describe('the options of an agent', () => {
  test('without any it is the default agent, of which the house is told nothing', () => {
    expect(resolve({})).toEqual({ name: 'default', settings: undefined, model: undefined, level: undefined, keepsState: true });
  });

  test('what the house has to know of it', () => {
    const module = new URL('file:///there/agent.ts');
    const options = { name: 'a', module, threadBound: true, dedicated: true, snapshotInterval: 5000, instructions: 'Be kind.' };
    expect(resolve(options).settings).toEqual({
      module: { url: 'file:///there/agent.ts', namedAt: 'OpenClawAgent a: option module' },
      dedicated: true,
      snapshotIntervalMs: 5000,
      instructions: 'Be kind.',
    });
    expect(resolve({ module: 'agent.ts' }).settings?.module?.url).toBe('file:///here/agent.ts');
    expect(resolve({ module: 'file:///x.ts' }).settings?.module?.url).toBe('file:///x.ts');
  });

  test('a level is as it is given, or auto where it adapts', () => {
    expect(resolve({ reasoningLevel: 3, adaptiveReasoning: true }).level).toBe(3);
    expect(resolve({ adaptiveReasoning: true, levelThresholds: { simple: 1, complex: 3, complexTask: 4 } }).level).toBe('auto');
    expect(resolve({ adaptiveReasoning: false }).level).toBeUndefined();
  });

  test('what cannot be is said at once', () => {
    const wrong: [object, string][] = [
      [{ reasoningLevel: 5 }, '5 is no reasoning level'],
      [{ threadBound: false }, 'threadBound'],
      [{ snapshotInterval: -1 }, 'snapshotInterval is -1'],
      [{ module: new URL('https://x.invalid/a.ts') }, 'is no file'],
    ];
    for (const [options, says] of wrong) expect(() => new OpenClawAgent(options), says).toThrow(says);
    const agent = new OpenClawAgent();
    expect(() => agent.setReasoningLevel(0 as never)).toThrow('0 is no reasoning level');
    expect(agent.isUnstable()).toBe(false);
  });
});

describe('what is executed', () => {
  const run = (what: Execute) => runOf(what, { agent: 'a', model: 'm', level: 2 }, 'key');

  test('an operation, a question, a conversation', () => {
    expect(run({ operation: 'train', args: { n: 1 } })).toEqual({
      agent: 'a',
      model: 'm',
      level: 2,
      idempotencyKey: 'key',
      operation: 'train',
      args: { n: 1 },
    });
    expect(run({ query: 'Why?', level: 4, model: 'other' })).toMatchObject({ input: 'Why?', level: 4, model: 'other' });
    const input = [{ role: 'user', content: 'Why?' }] as const;
    expect(run({ input, session: 's' })).toMatchObject({ input, session: 's' });
  });

  test('nothing at all is refused', () => {
    expect(() => run({})).toThrow('There is nothing to execute');
    expect(() => run({ query: '' })).toThrow('There is nothing to execute');
  });
});

describe('health', () => {
  test('half of four or more bad, within five minutes', () => {
    const health = createHealth();
    for (const bad of [true, true, true]) health.note(0, bad);
    expect(health.isUnstable(0)).toBe(false);
    health.note(1, false);
    expect(health.isUnstable(1)).toBe(true);
    health.note(2, false);
    health.note(2, false);
    expect(health.isUnstable(2)).toBe(true);
    health.note(3, false);
    expect(health.isUnstable(3)).toBe(false);
  });

  test('what is long ago does not count', () => {
    const health = createHealth();
    for (let i = 0; i < 4; i++) health.note(0, true);
    expect(health.isUnstable(5 * MINUTE)).toBe(true);
    expect(health.isUnstable(5 * MINUTE + 1)).toBe(false);
  });

  test('what the caller did wrong does not count', () => {
    expect(isItsOwn(new OpenClawError('AGENT_FAILED', 'x'))).toBe(true);
    expect(isItsOwn(new OpenClawError('PROVIDER_FAILED', 'x'))).toBe(true);
    expect(isItsOwn(new OpenClawError('BAD_REQUEST', 'x'))).toBe(false);
    expect(isItsOwn(new OpenClawError('CANCELLED', 'x'))).toBe(false);
  });
});

describe('a task', () => {
  test('its flow follows from who is last', () => {
    const flow = (...agents: string[]) => argsOf({ agents, task: 'x' }, 3).flow;
    expect(flow('coder', 'tester', 'reviewer')).toBe('review');
    expect(flow('coder', 'tester')).toBe('parallel');
    expect(flow('reviewer')).toBe('parallel');
    expect(argsOf({ agents: ['a', 'b'], task: 'x', flow: 'sequence', rounds: 2 }, 3)).toEqual({
      agents: ['a', 'b'],
      task: 'x',
      flow: 'sequence',
      rounds: 2,
    });
  });

  test('what is none is refused', () => {
    const refused = (task: object, says: string) => expect(() => argsOf({ agents: ['a'], task: 'x', ...task }, 3)).toThrow(says);
    refused({ agents: [] }, 'no agents');
    refused({ agents: ['a', 'b', 'c', 'd'] }, 'has 4 agents, and maxPerTask is 3');
    refused({ agents: ['a', 'a'] }, 'a twice');
    refused({ task: '' }, 'says nothing');
    refused({ flow: 'review' }, 'two agents or more');
    expect(() => checkKnown(['a', 'x', 'y'], ['b', 'a'])).toThrow('There is no agent x, y. Known: a, b.');
    expect(() => checkKnown(['a'], ['a'])).not.toThrow();
  });

  test('a pool takes no numbers that are none', () => {
    for (const options of [{ maxThreads: 0 }, { maxPerTask: 1.5 }, { timeout: 0 }]) expect(() => new ThreadPool(options)).toThrow('Give');
  });
});
