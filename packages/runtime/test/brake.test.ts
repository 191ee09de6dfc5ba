import { expect, test } from 'vitest';
import { Brake } from '../src/run/brake.ts';
import { Stop } from '../src/run/stop.ts';

function listener(): { count: number; handleEvent(): void } {
  return {
    count: 0,
    handleEvent() {
      this.count++;
    },
  };
}

test('all that listen to it hear once that it was pulled, however often it is', () => {
  const brake = new Brake();
  const listeners = [listener(), listener(), listener()];
  for (const each of listeners) brake.addEventListener('abort', each);
  const [gone] = listeners.splice(2);
  if (gone) brake.removeEventListener('abort', gone);
  const stop = new Stop();
  brake.halt(stop);
  brake.halt(new Stop());
  expect(brake).toMatchObject({ aborted: true, reason: stop, stop });
  expect(listeners.map(({ count }) => count)).toEqual([1, 1]);
  expect(gone?.count).toBe(0);
});

test('one that left is not told, and one that came after it is; after an interruption it can be pulled again', () => {
  const brake = new Brake();
  const [first, second] = [listener(), listener()];
  brake.addEventListener('abort', first);
  brake.removeEventListener('abort', first);
  brake.addEventListener('abort', second);
  brake.interrupt('why');
  expect([first.count, second.count, brake.reason]).toEqual([0, 1, 'why']);
  brake.renew();
  expect(brake.aborted).toBe(false);
  brake.addEventListener('abort', first);
  brake.interrupt();
  expect([first.count, second.count]).toEqual([1, 1]);
});

test('who is removed by another that hears of it is not told, and who comes when it was pulled is not told later', () => {
  const brake = new Brake();
  const [first, late] = [listener(), listener()];
  brake.addEventListener('abort', first);
  brake.addEventListener('abort', { handleEvent: () => brake.removeEventListener('abort', first) });
  brake.interrupt();
  brake.addEventListener('abort', late);
  brake.renew();
  brake.interrupt();
  expect([first.count, late.count]).toEqual([0, 0]);
});
