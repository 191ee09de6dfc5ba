import { approveBody, budgetBody, forkBody, levelBody, messageBody, runBody } from './bodies.ts';
import { has, inHeader, inPath, inQuery, type Json, KEY, type Operation, type Operations } from './operation.ts';

const run = inPath('run');
const LAST = inHeader('Last-Event-ID', 'The `id:` of the last event that came: the stream goes on behind it.');

/** Durable when it is answered, and carried out once for each key. */
function command(summary: string, body?: Json, example?: unknown): Readonly<Record<string, Operation>> {
  const sent = body === undefined ? {} : { body, example };
  return { post: { summary, parameters: [run, KEY], ...sent, answer: has('run', 'id'), status: 202 } };
}

/** Runs. */
export const RUN_OPERATIONS: Operations = {
  '/v1/runs': {
    get: {
      summary: 'Runs, the latest first.',
      parameters: [inQuery('limit', 'integer'), inQuery('before', 'integer'), inQuery('status', 'string'), inQuery('prefix', 'string')],
      answer: has('runs'),
    },
    post: {
      summary: 'Starts a run; with `Accept: text/event-stream` its events follow.',
      parameters: [KEY],
      body: runBody,
      example: { input: 'Write a haiku about logs.', agent: 'default', level: 2, budget: { usd: 0.5 } },
      answer: has('run', 'epoch', 'head', 'done'),
      status: 201,
      also: { 200: 'There was one under this key.' },
      streams: true,
    },
  },
  '/v1/runs/{run}': {
    get: {
      summary: 'What it was asked, and how it stands.',
      parameters: [run],
      answer: has('run', 'agent', 'epoch', 'head', 'status', 'text', 'thinking', 'toolCalls', 'usage'),
    },
  },
  '/v1/runs/{run}/events': {
    get: { summary: 'Its records as events.', parameters: [run, LAST, inQuery('starting_after', 'string')], type: 'text/event-stream' },
  },
  '/v1/runs/{run}/why': {
    get: { summary: 'What it waits for.', parameters: [run], answer: has('run', 'agent', 'status', 'seq', 'forMs', 'waits', 'readers') },
  },
  '/v1/runs/{run}/fork': {
    post: {
      summary: 'Another run with the same past up to a record.',
      parameters: [run, KEY],
      body: forkBody,
      example: { input: 'And one about forks.' },
      answer: has('run', 'epoch', 'head', 'done', 'fork'),
      status: 201,
      also: { 200: 'There was one under this key.' },
    },
  },
  '/v1/runs/{run}/cancel': command('Ends it.'),
  '/v1/runs/{run}/messages': command('Gives it another message.', messageBody, { text: 'And shorter.', mode: 'steer' }),
  '/v1/runs/{run}/level': command('How deep to think from its next step on.', levelBody, { level: 3 }),
  '/v1/runs/{run}/feedback': command('What somebody says of it: any JSON.', {}, { rating: 5 }),
  '/v1/runs/{run}/approve': command('Answers what it asked a person.', approveBody, {
    approval: 'a1',
    hash: '0'.repeat(64),
    answer: 'allow',
  }),
  '/v1/runs/{run}/budget': command('Adds to what it may take.', budgetBody, { usd: 0.5 }),
};
