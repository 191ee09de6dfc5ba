import { type BigIntStats, globSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** A secret as it may stand in bytes: itself, in UTF-16, in JSON, URL-encoded, in hex, in base64 wherever it begins there. */
export function formsOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const own = text.slice(Math.ceil((offset * 4) / 3), -1);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const texts = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...inBase64,
  ];
  return [...new Set(texts)].map((text) => Buffer.from(text)).concat(Buffer.from(secret, 'utf16le'));
}

/** Names of the secrets that are there in any form. */
export function secretsIn(bytes: Buffer, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => (formsOf(secret).some((form) => bytes.includes(form)) ? [name] : []));
}

/** Every file below a folder, byte by byte, with the secrets that are in it. */
export function filesWithSecrets(folder: string, secrets: Readonly<Record<string, string>>): { files: number; found: string[] } {
  const paths = globSync(join(folder, '**', '*')).filter((path) => isFile(statSync(path, { bigint: true, throwIfNoEntry: false })));
  const found = paths.flatMap((path) => secretsIn(readFileSync(path), secrets).map((name) => `${name} in ${path}`));
  return { files: paths.length, found };
}

const PART = 1 << 24;
const OVERLAP = 1 << 12;

/** The secrets that are in what a process can write to in its memory. Rejects where this process may not look. */
export async function secretsInMemory(pid: number, secrets: Readonly<Record<string, string>>): Promise<Set<string>> {
  const found = new Set<string>();
  await using memory = await open(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(PART);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    const end = Number.parseInt(to, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += PART - OVERLAP) {
      const read = await memory.read(buffer, 0, Math.min(PART, end - at), at).catch(() => undefined);
      if (read) for (const name of secretsIn(buffer.subarray(0, read.bytesRead), secrets)) found.add(name);
    }
  }
  return found;
}

function isFile(stat: BigIntStats | undefined): boolean {
  return stat?.isFile() ?? false;
}
