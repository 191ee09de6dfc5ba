import { expect, test } from 'vitest';
import type { HostListener } from '../src/pool/host-port.ts';
import { createHosts } from '../src/pool/hosts.ts';
import { upsOf } from '../src/pool/ups.ts';
import { createFakeClock } from './pool-clock.ts';

const error = { code: 'TOOL_FAILED', message: 'no' };

test('what threads say passes', () => {
  const said = [
    { t: 'loaded', agent: 'a', card: {} },
    { t: 'unloadable', agent: 'a', error },
    { t: 'ask', id: 1, n: 1, request: { do: 'emit', name: 'x', data: '1' } },
    { t: 'done', id: 1 },
    { t: 'done', id: 1, value: '1' },
    { t: 'failed', id: 1, error },
    { t: 'said', id: 0, text: 'x', dropped: 0 },
  ];
  expect(upsOf(said)).toBe(said);
});

test.each([
  ['x'],
  [{}],
  [[null]],
  [[{ t: 'other' }]],
  [[{ t: 'failed', id: 1 }]],
  [[{ t: 'failed', id: 1, error: { code: 5, message: 'x' } }]],
  [[{ t: 'unloadable', agent: 'a' }]],
  [[{ t: 'loaded', agent: 'a' }]],
  [[{ t: 'ask', id: 1, n: 1 }]],
  [[{ t: 'ask', id: 1, n: -1, request: {} }]],
  [[{ t: 'done', id: 1, value: 5 }]],
  [[{ t: 'said', id: 1, text: {}, dropped: 0 }]],
  [
    [
      { t: 'done', id: 1 },
      { t: 'done', id: '1' },
    ],
  ],
])('%j does not', (said) => {
  expect(upsOf(said)).toBeUndefined();
});

test('a host that says such things is refused, its pool hears nothing of it', () => {
  let listener: HostListener | undefined;
  const heard: unknown[] = [];
  const hosts = createHosts({
    count: 1,
    clock: createFakeClock(),
    start(given) {
      listener ??= given;
      return { send: () => undefined, kill: () => undefined };
    },
  });
  hosts.spawn({ name: 'one', heapMiB: 1, folders: [] }, { heard: (messages) => heard.push(messages), ended: () => undefined });
  const good = [{ t: 'done', id: 1 }] as const;
  listener?.received({ t: 'heard', n: 1, messages: good });
  expect(() => listener?.received({ t: 'heard', n: 1, messages: [{ t: 'failed', id: 1 }] as never })).toThrow(/no thread says/);
  expect(heard).toEqual([good]);
});
