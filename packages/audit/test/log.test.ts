import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { type AuditEvent, type AuditLog, openAuditLog, readRecords, verifyAudit } from '../src/index.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';

const PERSON = { tenant: 'default', id: 'key:abc' };

function open(disk: MemoryDisk, told: string[] = [], maxFileBytes?: number, seed = 1): Promise<AuditLog> {
  const options = {
    disk,
    clock: systemClock,
    random: seededRandom(seed),
    policy: () => 'p1',
    tell: (line: string) => void told.push(line),
  };
  return openAuditLog({ ...options, ...(maxFileBytes !== undefined && { maxFileBytes }) });
}

function deed(action: string, target?: string): AuditEvent {
  return { principal: PERSON, action, decision: 'allowed', ...(target !== undefined && { target }) };
}

async function written(count: number, maxFileBytes?: number, seed?: number): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  await using log = await open(disk, [], maxFileBytes, seed);
  for (let i = 1; i <= count; i++) await log.ensure(deed('key.create', `k${i}`));
  return disk;
}

const file = (disk: MemoryDisk): string => [...disk.files.keys()].find((name) => name.endsWith('.jsonl')) as string;
const linesOf = (disk: MemoryDisk): string[] => (disk.files.get(file(disk)) as string).trimEnd().split('\n');
const put = (disk: MemoryDisk, lines: readonly string[]): void => void disk.files.set(file(disk), `${lines.join('\n')}\n`);

test('what is ensured is durable, sealed and in order; the chain goes over files', async () => {
  const disk = await written(40, 1_000);
  expect(disk.files.size).toBeGreaterThan(10);
  expect(await verifyAudit(disk)).toEqual({ records: 41, files: disk.files.size - 1, unsealed: 0, faults: [] });
  const last = await readRecords(disk, 0, 2);
  expect(last).toMatchObject([
    { seq: 40, target: 'k39' },
    { seq: 41, tenant: 'default', principal: 'key:abc', action: 'key.create', target: 'k40', decision: 'allowed', policy: 'p1' },
  ]);
});

test('a restart goes on with the chain', async () => {
  const disk = await written(2);
  await using log = await open(disk);
  await log.ensure(deed('key.revoke'));
  expect((await verifyAudit(disk)).faults).toEqual([]);
  expect((await readRecords(disk, 0, 9)).map(({ action }) => action)).toEqual([
    'audit.opened',
    'key.create',
    'key.create',
    'audit.opened',
    'key.revoke',
  ]);
});

test('a part of a record that a kill left is cut off, and that is said', async () => {
  const disk = await written(2);
  disk.files.set(file(disk), `${disk.files.get(file(disk))}{"seq":4,"time":"20`);
  expect((await verifyAudit(disk)).faults).toEqual([]);
  const told: string[] = [];
  await using _log = await open(disk, told);
  expect(told.join()).toContain('cut off');
  expect(await verifyAudit(disk)).toMatchObject({ records: 4, faults: [] });
  expect(await readRecords(disk, 3, 9)).toMatchObject([{ action: 'audit.opened', why: 'a torn record was cut off' }]);
});

test.each<[string, (lines: string[]) => string[], number]>([
  ['deleted', (lines) => lines.filter((_, i) => i !== 4), 5],
  ['edited', (lines) => lines.map((line, i) => (i === 4 ? line.replace('"k4"', '"k9"') : line)), 5],
  ['put in another order', ([a, b, c, d, ...rest]) => [a, b, d, c, ...rest] as string[], 3],
  ['written twice', (lines) => [...lines.slice(0, 5), lines[4] as string, ...lines.slice(5)], 5],
  ['cut off at the end', (lines) => lines.slice(0, 8), 9],
  ['cut off at the beginning', (lines) => lines.slice(3), 1],
  ['made unreadable', (lines) => lines.map((line, i) => (i === 6 ? line.slice(20) : line)), 7],
])('a record %s is found at its place', async (_how, change, seq) => {
  const disk = await written(10);
  put(disk, change(linesOf(disk)));
  expect((await verifyAudit(disk)).faults[0]?.seq).toBe(seq);
});

test('a record of somebody without the key is not taken for one', async () => {
  const disk = await written(3);
  const forger = await written(3, undefined, 2);
  const lines = linesOf(disk);
  put(disk, [...lines.slice(0, 2), ...linesOf(forger).slice(2, 3), ...lines.slice(3)]);
  expect((await verifyAudit(disk)).faults[0]).toMatchObject({ seq: 3, what: 'record 3 was changed' });
});

test('a seal that is gone or changed is found', async () => {
  const disk = await written(3);
  const head = disk.files.get('head.json') as string;
  disk.files.set('head.json', head.replace('"seq":4', '"seq":3'));
  expect((await verifyAudit(disk)).faults).toMatchObject([{ what: 'the seal was changed' }]);
  disk.files.delete('head.json');
  expect((await verifyAudit(disk)).faults).toMatchObject([{ what: 'the seal is missing' }]);
});

test('a log that was cut off while the server was down says so for ever', async () => {
  const disk = await written(10);
  put(disk, linesOf(disk).slice(0, 8));
  const told: string[] = [];
  await using log = await open(disk, told);
  await log.ensure(deed('key.create'));
  expect(told.join()).toContain('records 9 to 11 were missing');
  expect((await verifyAudit(disk)).faults).toMatchObject([{ seq: 9, what: 'records 9 to 11 are missing' }, { seq: 12 }]);
});

test('a disk that refuses: deeds of operators are refused, notes wait, nothing is lost, and it goes on by itself', async () => {
  const disk = createMemoryDisk();
  const told: string[] = [];
  await using log = await open(disk, told);
  disk.refuses = new Error('ENOSPC');
  log.note(deed('run.approve', 'r1'));
  await expect(log.ensure(deed('key.create', 'k1'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(log.status).toMatchObject({ failing: true, waiting: 2, lost: 0 });
  disk.refuses = undefined;
  await log.ensure(deed('key.create', 'k2'));
  expect(log.status).toMatchObject({ failing: false, waiting: 0, lost: 0 });
  expect(await readRecords(disk, 1, 9)).toMatchObject([
    { action: 'run.approve', target: 'r1', decision: 'allowed' },
    { action: 'key.create', target: 'k1', decision: 'refused', why: 'STORE_FAILED' },
    { action: 'key.create', target: 'k2', decision: 'allowed' },
  ]);
  expect(told).toHaveLength(2);
});

test('what waits for a disk is bounded, and what was lost is counted in the log', async () => {
  const disk = createMemoryDisk();
  await using log = await open(disk);
  disk.refuses = new Error('EIO');
  for (let i = 0; i < 12_000; i++) log.note(deed('run.approve', `r${i}`));
  await expect(log.ensure(deed('key.create'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(log.status).toMatchObject({ waiting: 10_000, lost: 2_001 });
  disk.refuses = undefined;
  await log.ensure(deed('key.create'));
  await log.ensure(deed('key.create'));
  expect(await readRecords(disk, 0, 2)).toMatchObject([{ action: 'audit.lost', times: 2_001 }, { action: 'key.create' }]);
  expect((await verifyAudit(disk)).faults).toEqual([]);
});

test('a flood of refusals has the first of its kind and a count', async () => {
  const disk = createMemoryDisk();
  {
    await using log = await open(disk);
    for (let i = 0; i < 50_000; i++) {
      log.note({ principal: PERSON, action: 'run.create', target: `t${i}`, decision: 'refused', why: 'RATE_LIMITED' });
      log.note({ principal: { tenant: 't', id: `key:${i}` }, action: 'run.create', decision: 'refused', why: 'FORBIDDEN' });
    }
  }
  const records = await readRecords(disk, 1, 2_000);
  expect(records.length).toBeLessThan(1_010);
  expect(records[0]).toMatchObject({ target: 't0', why: 'RATE_LIMITED' });
  const counted = records.filter(({ times }) => times !== undefined);
  expect(counted.reduce((sum, { times = 0 }) => sum + times, records.length - counted.length)).toBe(100_000);
});

test('control characters are escaped, and long texts cut', async () => {
  const disk = createMemoryDisk();
  await using log = await open(disk);
  await log.ensure(deed('run.approve', `a\n{"seq":9}\u001b[2J${'x'.repeat(10_000)}`));
  expect(linesOf(disk)).toHaveLength(2);
  expect(linesOf(disk)[1]).not.toContain('\u001b');
  expect(linesOf(disk)[1]?.length).toBeLessThan(1_000);
});
