import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { resolveOptions } from '../src/options.ts';
import { parseClusters, resolveUrl } from '../src/resolve-url.ts';

const clusters = { 'production/cluster-a': ['ws://a:1', 'http://b:2'], 'test/one': 'wss://c' };

test.each([
  ['ws://host:1', ['ws://host:1/'], undefined],
  ['https://host/x#y', ['wss://host/x'], undefined],
  ['agent://production/cluster-a', ['ws://a:1/', 'ws://b:2/'], undefined],
  ['agent://test/one/poet', ['wss://c/'], 'poet'],
])('%s', (address, urls, agent) => {
  expect(resolveUrl(address, clusters)).toEqual({ urls, agent });
});

test('an unknown cluster is an error that lists the known ones', () => {
  expect(() => resolveUrl('agent://production/b', clusters)).toThrow(
    expect.objectContaining({
      code: 'UNKNOWN_CLUSTER',
      message: expect.stringContaining('production/cluster-a, test/one') as string,
    }) as Error,
  );
  expect(() => resolveUrl('agent://toString/b', {})).toThrow(/OPENCLAW_CLUSTERS/);
});

test.each(['nowhere', 'ftp://host', 'agent://only', ''])('%j is no address', (address) => {
  expect(() => resolveUrl(address, clusters)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }) as Error);
});

test('the variable is JSON', () => {
  expect(parseClusters('{"a/b":["ws://x"]}')).toEqual({ 'a/b': ['ws://x'] });
  expect(() => parseClusters('{')).toThrow(OpenClawError);
  expect(() => resolveUrl('agent://a/b', parseClusters('null'))).toThrow(/No cluster 'a/);
});

test('options are resolved once, and numbers are checked', () => {
  expect(resolveOptions({})).toMatchObject({
    streaming: true,
    autoReconnect: true,
    maxReconnectAttempts: 10,
    batchSize: 1,
    tokenInterval: undefined,
  });
  expect(resolveOptions({ tokenBatchSize: 10, tokenBatchDelay: 20 })).toMatchObject({ batchSize: 10, batchDelayMs: 20 });
  expect(resolveOptions({ tokenBatchDelay: 5 })).toMatchObject({ batchSize: Number.POSITIVE_INFINITY, batchDelayMs: 5 });
  expect(() => resolveOptions({ tokenInterval: -1 })).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }) as Error);
  expect(() => resolveOptions({ reconnectDelay: Number.NaN })).toThrow(/reconnectDelay/);
});
