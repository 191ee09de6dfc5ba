import { describe, expect, test } from 'vitest';
import { createChannel } from '../src/index.ts';

describe('channel', () => {
  test('hands over what was pushed, in order, and ends', async () => {
    const channel = createChannel<number>();
    channel.push(1);
    channel.push(2);
    const read = (async () => {
      const items: number[] = [];
      for await (const item of channel) items.push(item);
      return items;
    })();
    await Promise.resolve();
    channel.push(3);
    channel.end();
    channel.push(4);
    expect(await read).toEqual([1, 2, 3]);
  });

  test('a failure comes after what is there, and the first ending counts', async () => {
    const channel = createChannel<string>();
    const seen: string[] = [];
    channel.push('a');
    channel.fail(new Error('first'));
    channel.end();
    const read = async (): Promise<void> => {
      for await (const item of channel) seen.push(item);
    };
    await expect(read()).rejects.toThrow('first');
    expect(seen).toEqual(['a']);
  });

  test('leaving the loop tells the owner', async () => {
    let returned = 0;
    const channel = createChannel<number>(() => returned++);
    channel.push(1);
    channel.push(2);
    for await (const item of channel) {
      if (item === 1) break;
    }
    expect(returned).toBe(1);
  });

  test('a reader that waits is woken by each push', async () => {
    const channel = createChannel<number>();
    const reader = channel[Symbol.asyncIterator]();
    for (let i = 0; i < 100; i++) {
      const next = reader.next();
      channel.push(i);
      expect(await next).toEqual({ value: i, done: false });
    }
    channel.end();
    expect((await reader.next()).done).toBe(true);
  });
});
