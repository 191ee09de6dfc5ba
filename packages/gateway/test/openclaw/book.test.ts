import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createMemoryStore, type State } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { type Book, createBook } from '../../src/openclaw/sessions/book.ts';
import { sessionNameOf } from '../../src/openclaw/words/session-key.ts';

const MAIN = sessionNameOf('main');

function bookOver(state: State): Book {
  let ms = 0;
  return createBook({ store: { ...createMemoryStore(), state }, clock: { ...systemClock, wall: () => ++ms }, random: seededRandom(1) });
}

const touch = (book: Book, name = MAIN): Promise<unknown> => book.change('t', name, (entry) => ({ ...entry, label: 'x' }));
const listed = async (book: Book): Promise<readonly string[]> => (await book.list('t')).map(({ key }) => key);

test('a conversation that goes on is listed, however many began after it and whatever was deleted', async () => {
  const book = bookOver(createMemoryStore().state);
  await touch(book);
  for (let i = 0; i < 500; i++) await touch(book, sessionNameOf(`session ${i}`));
  await touch(book);
  expect(await listed(book)).toHaveLength(500);
  expect((await listed(book))[0]).toBe(MAIN.key);
  for (let i = 0; i < 600; i++) {
    const name = sessionNameOf(`short ${i}`);
    await touch(book, name);
    await book.change('t', name, (entry) => ({ ...entry, isDeleted: true }));
    await touch(book);
  }
  expect(await listed(book)).toContain(MAIN.key);
  expect((await listed(book)).length).toBeGreaterThan(400);
});

test('one that was not listed when the house died is listed once it goes on', async () => {
  const { state } = createMemoryStore();
  const dying: State = {
    get: (...place) => state.get(...place),
    put: (tenant, key, ...rest) => (key === 'openclaw/sessions' ? Promise.reject(new Error('killed')) : state.put(tenant, key, ...rest)),
  };
  await expect(touch(bookOver(dying))).rejects.toThrow('killed');
  const book = bookOver(state);
  expect(await listed(book)).toEqual([]);
  await touch(book);
  expect(await listed(book)).toEqual([MAIN.key]);
});
