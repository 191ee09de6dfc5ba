import { describe, expect, test } from 'vitest';
import { Health, type TierChange } from '../src/health/health.ts';
import { TIER_RULES } from '../src/health/rules.ts';
import { HealthWindow } from '../src/health/window.ts';

const RULES = { ...TIER_RULES, windowMs: 12_000, holdMs: 2_000, least: 4, recoveries: 3, slowMs: 500 };

function rig(rules = RULES) {
  let nowMs = 1_000;
  const changes: TierChange[] = [];
  const health = new Health({ now: () => nowMs }, rules, (change) => changes.push(change));
  return {
    health,
    changes,
    wait: (ms: number) => {
      // As the runtime does: one look each second.
      for (const end = nowMs + ms; nowMs < end; ) {
        nowMs = Math.min(nowMs + 1_000, end);
        health.look();
      }
    },
    note: (n: number, event: 'ok' | 'failed' | 'timeout' | 'restart', ms?: number, name = 'm') => {
      for (let i = 0; i < n; i++) health.note('model', name, event, ms);
    },
    get tiers() {
      return changes.map(({ tier }) => tier);
    },
  };
}

describe('a window', () => {
  test('counts what is in it, and nothing older', () => {
    const window = new HealthWindow(12_000, 500);
    window.note(0, 'ok', 100);
    window.note(5_000, 'timeout', 300);
    window.note(5_000, 'ok', 800);
    expect(window.read(5_000)).toEqual({ calls: 3, failures: 1, timeouts: 1, slow: 1, restarts: 0, meanMs: 400 });
    window.note(11_900, 'restart');
    expect(window.read(12_500)).toMatchObject({ calls: 2, failures: 1, restarts: 1 });
    expect(window.read(17_500)).toMatchObject({ calls: 0, restarts: 1 });
    expect(window.read(1e9)).toEqual({ calls: 0, failures: 0, timeouts: 0, slow: 0, restarts: 0, meanMs: 0 });
  });

  test('is what counting by hand gives, whatever the times', () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const window = new HealthWindow(12_000, 500);
    const failures: number[] = [];
    for (let i = 0, at = 0; i < 5_000; i++) {
      at += random(4_000);
      window.note(at, 'failed');
      failures.push(at);
      const first = (Math.floor(at / 1_000) - 11) * 1_000;
      expect(window.read(at).failures).toBe(failures.filter((each) => each >= first).length);
    }
  });
});

describe('a tier', () => {
  test('is entered at once, and left one after another once all is well', () => {
    const it = rig();
    it.note(20, 'ok');
    expect(it.tiers).toEqual([]);
    it.note(1, 'failed');
    expect(it.changes).toEqual([{ of: 'model', name: 'm', from: 0, tier: 1, why: '1 of the last 21 tries went wrong' }]);
    it.note(20, 'failed');
    expect(it.tiers).toEqual([1, 3]);
    it.note(3, 'ok');
    it.wait(1_000);
    expect(it.tiers).toEqual([1, 3]);
    it.wait(1_000);
    expect(it.tiers).toEqual([1, 3, 1]);
    expect(it.changes.at(-1)?.why).toBe('3 tries in a row went well');
    it.wait(2_000);
    expect(it.tiers).toEqual([1, 3, 1, 0]);
    expect(it.health.highest).toBe(0);
  });

  test('is kept as long as many tries fail', () => {
    const it = rig();
    it.note(4, 'failed');
    for (let i = 0; i < 30; i++) {
      it.wait(1_000);
      it.note(2, 'failed');
      it.note(5, 'ok');
    }
    expect(it.health.tierOf('model', 'm')).toBe(3);
    expect(it.tiers).toEqual([1, 3]);
  });

  test('of what is static is left where nearly all goes well, though where much is tried something always fails', () => {
    const it = rig();
    it.note(20, 'failed');
    for (let i = 0; i < 5; i++) {
      it.note(2, 'failed');
      it.note(98, 'ok');
      it.wait(1_000);
    }
    expect(it.tiers).toEqual([1, 3, 1]);
    expect(it.health.tierOf('model', 'm')).toBe(1);
  });

  test('for which one failure is enough is left all the same', () => {
    const it = rig({ ...RULES, errorRate: 0 });
    it.note(8, 'ok');
    it.note(1, 'failed');
    expect(it.health.tierOf('model', 'm')).toBe(3);
    for (let i = 0; i < 4; i++) {
      it.note(4, 'ok');
      it.wait(1_000);
    }
    expect(it.tiers).toEqual([3, 1, 0]);
  });

  test('is left without news after a window', () => {
    const it = rig();
    it.note(4, 'timeout');
    it.wait(11_000);
    expect(it.health.tierOf('model', 'm')).toBe(3);
    it.wait(1_000);
    expect(it.health.tierOf('model', 'm')).toBe(1);
    it.wait(12_000);
    expect(it.health.tierOf('model', 'm')).toBe(0);
  });

  test('that is entered again soon is kept for longer, up to eight times', () => {
    const it = rig();
    const stays: number[] = [];
    for (let i = 0; i < 6; i++) {
      it.note(100, 'failed');
      let ms = 0;
      while (it.health.tierOf('model', 'm') === 3) {
        it.note(3, 'ok');
        it.wait(1_000);
        ms += 1_000;
      }
      stays.push(ms);
    }
    expect(stays).toEqual([2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
  });

  test.each([
    ['what is too slow', (it: ReturnType<typeof rig>) => it.note(4, 'ok', 900), 3, /4 were too slow/],
    ['one loss', (it: ReturnType<typeof rig>) => it.note(1, 'restart'), 2, /restored once/],
    ['many losses', (it: ReturnType<typeof rig>) => it.note(5, 'restart'), 3, /restored 5 times/],
    ['time-outs', (it: ReturnType<typeof rig>) => it.note(9, 'timeout'), 3, /4 timed out/],
    ['too few tries', (it: ReturnType<typeof rig>) => it.note(3, 'failed'), 1, /went wrong/],
  ])('comes of %s', (_what, happen, tier, why) => {
    const it = rig();
    happen(it);
    expect(it.health.tierOf('model', 'm')).toBe(tier);
    expect(it.changes.at(-1)?.why).toMatch(why);
  });

  test('that was set by hand stays, whatever happens, until it is not', () => {
    const it = rig();
    it.health.set('model', 'm', 3);
    it.note(20, 'ok');
    it.wait(60_000);
    expect(it.health.list()[0]).toMatchObject({ tier: 3, byHand: true, why: 'it was set by hand', forMs: 60_000 });
    expect(it.health.mayProbe('m')).toBe(false);
    it.health.set('model', 'm', undefined);
    expect(it.tiers).toEqual([3, 0]);
    it.health.set('model', 'm', 0);
    it.note(20, 'failed');
    expect(it.health.tierOf('model', 'm')).toBe(0);
  });

  test('of a model counts with all its options, and a few tries find out whether it has recovered', () => {
    const it = rig();
    it.note(4, 'failed', undefined, 'm?tokens=1');
    expect(it.health.staticFor('a', 'm?ms=2')).toMatchObject({ of: 'model', name: 'm', tier: 3 });
    let probes = 0;
    for (let i = 0; i < 20; i++) {
      it.wait(100);
      for (let n = 0; n < 10; n++) if (it.health.mayProbe('m')) probes++;
    }
    expect(probes).toBe(4);
  });

  test('is set of the host by its one name', () => {
    const it = rig();
    expect(() => it.health.set('host', 'thread', 3)).toThrow('The host is called threads.');
    it.health.set('host', 'threads', 3);
    expect(it.health.staticFor('a', 'm')).toMatchObject({ of: 'host', name: 'threads' });
  });

  test('that cannot be remembered is refused, not taken and forgotten', () => {
    const it = rig();
    for (let i = 0; i < 1_000; i++) it.health.set('model', `m${i}`, 3);
    expect(() => it.health.set('model', 'one more', 3)).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
    it.health.set('model', 'm1', undefined);
    it.health.set('model', 'one more', 3);
    expect(it.health.list().filter(({ tier }) => tier === 3)).toHaveLength(1_000);
  });

  test('is kept of so many names only, those above 0 among them', () => {
    const it = rig();
    it.note(4, 'failed', undefined, 'bad');
    for (let i = 0; i < 3_000; i++) it.note(1, 'ok', 1, `made up ${i}`);
    it.note(1, 'ok', 1, 'x'.repeat(10_000));
    expect(it.health.list()).toHaveLength(1_000);
    expect(it.health.tierOf('model', 'bad')).toBe(3);
  });

  test('of what is asked again and again is not forgotten for names that are made up', () => {
    const it = rig();
    for (let i = 0; i < 3_000; i++) {
      if (i % 500 === 0) it.note(1, 'failed', 1);
      if (i === 0) it.wait(14_000);
      it.note(1, 'ok', 1);
      it.note(1, 'ok', 1, `made up ${i}`);
    }
    expect(it.health.list().find(({ name }) => name === 'm')?.reading.calls).toBeGreaterThan(3_000);
  });
});
