import { describe, expect, test } from 'vitest';
import { backoffMs, createWheel, seededRandom, sleep, systemClock } from '../src/index.ts';
import { createFakeClock } from './fake-clock.ts';

describe('wheel', () => {
  test('calls back never early, at most one tick late', () => {
    const clock = createFakeClock(1_003.5);
    const wheel = createWheel(clock, 2);
    const random = seededRandom(7);
    const late: number[] = [];
    let fired = 0;
    for (let i = 0; i < 200; i++) {
      const due = clock.now() + random.float() * 50;
      wheel.after(
        due - clock.now(),
        (at: number) => {
          fired++;
          late.push(clock.now() - at);
        },
        due,
      );
      clock.advance(random.float() * 3);
    }
    clock.advance(100);
    expect(fired).toBe(200);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(4);
  });

  test('keeps the order in which callbacks of one tick were set', () => {
    const clock = createFakeClock(0);
    const wheel = createWheel(clock, 10);
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) wheel.after(5, (n: number) => seen.push(n), i);
    clock.advance(40);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  test('a callback may set the next one, and an idle wheel holds no timer', () => {
    const clock = createFakeClock(0);
    const wheel = createWheel(clock, 2);
    let beats = 0;
    const beat = (left: number): void => {
      beats++;
      if (left > 0) wheel.after(4, beat, left - 1);
    };
    wheel.after(4, beat, 9);
    clock.advance(200);
    expect(beats).toBe(10);
    expect(clock.pending).toBe(0);
    wheel.after(0, beat, 0);
    clock.advance(6);
    expect(beats).toBe(11);
  });
});

describe('backoff', () => {
  test('doubles up to the cap, with jitter below', () => {
    const full = { float: () => 0.999999, bytes: () => new Uint8Array() };
    const at = (n: number): number => Math.round(backoffMs({ baseMs: 100, capMs: 1_000 }, n, full));
    expect([1, 2, 3, 4, 5, 500].map(at)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    const random = seededRandom(3);
    for (let n = 1; n < 100; n++) {
      const ms = backoffMs({ baseMs: 100, capMs: 1_000 }, n, random);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(1_000);
    }
  });
});

describe('sleep', () => {
  test('resolves at its time and leaves nothing behind', async () => {
    const clock = createFakeClock();
    const abort = new AbortController();
    let done = false;
    const slept = sleep(clock, 100, abort.signal).then(() => {
      done = true;
    });
    clock.advance(99);
    await Promise.resolve();
    expect(done).toBe(false);
    clock.advance(1);
    await slept;
    abort.abort(new Error('too late'));
    expect(clock.pending).toBe(0);
  });

  test('rejects with the reason of the signal, also when it aborted before', async () => {
    const clock = createFakeClock();
    const abort = new AbortController();
    const reason = new Error('stop');
    const slept = sleep(clock, 100, abort.signal);
    abort.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
    await expect(sleep(clock, 100, abort.signal)).rejects.toBe(reason);
  });
});

test('the system clock goes forward and can be called off', async () => {
  const before = systemClock.now();
  let wrong = false;
  systemClock.after(1, () => {
    wrong = true;
  })();
  await sleep(systemClock, 5);
  expect(systemClock.now()).toBeGreaterThan(before);
  expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(1_000);
  expect(wrong).toBe(false);
});
