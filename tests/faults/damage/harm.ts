import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@openclaw-runtime/kit';

const SECTOR = 512;

/** Changes one file of a data folder as a disk may: a bit flips, the end is lost, a sector reads as zeros. Says what was done. */
export function harmFolder(folder: string, random: Random): string {
  const hasLog = existsSync(join(folder, 'openclaw.db-wal'));
  const chance = random.float();
  const name =
    chance < 0.05 ? 'openclaw.key' : chance < 0.08 ? 'openclaw.mark' : hasLog && chance < 0.5 ? 'openclaw.db-wal' : 'openclaw.db';
  const path = join(folder, name);
  const how = random.float();
  if (how < 0.7) return `${name}: ${flipBit(path, random)}`;
  if (how < 0.85) return `${name}: ${zeroSector(path, random)}`;
  const size = Math.floor(statSync(path).size * random.float());
  truncateSync(path, size);
  return `${name}: cut to ${size} bytes`;
}

/** Of a byte that is not zero: most of a young file is empty. */
function flipBit(path: string, random: Random): string {
  const bytes = readFileSync(path);
  let at: number;
  do at = Math.floor(random.float() * bytes.length);
  while (bytes[at] === 0);
  const bit = Math.floor(random.float() * 8);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  writeFileSync(path, bytes);
  return `bit ${bit} of byte ${at} flipped`;
}

function zeroSector(path: string, random: Random): string {
  const bytes = readFileSync(path);
  let at: number;
  do at = Math.floor((random.float() * bytes.length) / SECTOR) * SECTOR;
  while (bytes.subarray(at, at + SECTOR).every((byte) => byte === 0));
  bytes.fill(0, at, Math.min(bytes.length, at + SECTOR));
  writeFileSync(path, bytes);
  return `sector at ${at} zeroed`;
}
