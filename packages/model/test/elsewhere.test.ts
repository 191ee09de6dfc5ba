import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { mayAnswerElsewhere } from '../src/index.ts';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createScriptedHttp, status } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

test.each([
  [401, true],
  [402, true],
  [403, true],
  [404, true],
  [400, false],
  [413, false],
  [422, false],
])('after a refusal with status %i another model is worth a try: %s', async (code, expected) => {
  const clock = createManualClock();
  const broker = brokerFor({ baseUrl: 'http://provider.test' }, clock, createScriptedHttp([status(code)]));
  const error = await failure(hurry(clock, broker.stream(ask('m'), createCollectingSink(), never())));
  expect(error.code).toBe('PROVIDER_REFUSED');
  expect(mayAnswerElsewhere(error)).toBe(expected);
});

test('so it is when the model is not there; a request that is wrong in itself is so everywhere', () => {
  expect(mayAnswerElsewhere(new OpenClawError('NOT_FOUND', 'no such model'))).toBe(true);
  expect(mayAnswerElsewhere(new OpenClawError('BAD_REQUEST', 'no'))).toBe(false);
  expect(mayAnswerElsewhere(new OpenClawError('PROVIDER_REFUSED', 'it says no more', { cause: new Error('x') }))).toBe(false);
});
