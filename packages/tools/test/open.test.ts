import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { expect, it } from 'vitest';
import { createMachine, type HouseToolOptions, openHouseTools } from '../src/index.ts';

async function names(options: HouseToolOptions): Promise<readonly string[]> {
  const random = seededRandom(1);
  const tools = await openHouseTools(options, { clock: systemClock, random, machine: createMachine({}, random), note: () => {} });
  const list = tools.list().map(({ card }) => `${card.name}${card.needsApproval ? '?' : ''}`);
  for (const { card } of tools.list()) expect(tools.find(card.name)?.card).toBe(card);
  expect(tools.find('nothing')).toBeUndefined();
  await tools.close();
  return list;
}

it('has calc, and nothing else that nobody turned on', async () => {
  expect(await names({})).toEqual(['calc']);
  expect(await names({ calc: false })).toEqual([]);
});

it('asks a person before a program is run, unless told whom to ask about', async () => {
  const all = { http: {}, fs: {}, shell: { programs: ['true'] } };
  expect(await names(all)).toEqual(['calc', 'http.fetch', 'fs.read', 'fs.list', 'fs.search', 'fs.write', 'fs.remove', 'shell.run?']);
  expect(await names({ ...all, fs: { writable: false }, needsApproval: ['fs.*'] })).toEqual([
    ...['calc', 'http.fetch', 'fs.read?', 'fs.list?', 'fs.search?', 'shell.run'],
  ]);
});
