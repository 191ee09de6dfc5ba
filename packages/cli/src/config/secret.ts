import { isAbsolute, join } from 'node:path';
import { inspect } from 'node:util';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { ConfigPorts } from './ports.ts';

/** A value that nothing prints: text, JSON and the inspector all show `[secret]`. */
export class Secret {
  readonly #read: () => string;

  constructor(read: () => string) {
    this.#read = read;
  }

  /** The value, read anew at each use. Throws `BAD_CONFIG` when its place holds none. */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

const REFERENCE = /^secret:\/\/([\w-]+)\/(.+)$/;

/** Why `text` cannot be a secret, or `undefined` when it can. Looks at its form only. */
export function secretProblem(text: string): string | undefined {
  if (!text.startsWith('secret:')) return undefined;
  const kind = REFERENCE.exec(text)?.[1];
  return kind === 'env' || kind === 'file' ? undefined : 'secret://env/NAME or secret://file/PATH';
}

/** `secret://env/NAME`, `secret://file/ABSOLUTE/PATH`, `secret://file/./PATH` beside the configuration, or the value itself. */
export function secretOf(text: string, ports: ConfigPorts, folder: string): Secret {
  const [, kind, place = ''] = REFERENCE.exec(text) ?? [];
  if (kind === 'env') return new Secret(() => held(ports.env[place], `the variable ${place} is not set`));
  if (kind === 'file') {
    const path = isAbsolute(`/${place}`) && !place.startsWith('.') ? `/${place.replace(/^\/+/, '')}` : join(folder, place);
    return new Secret(() => held(ports.readFile(path)?.replace(/\r?\n$/, ''), `the file ${path} does not exist or is empty`));
  }
  return new Secret(() => text);
}

function held(value: string | undefined, otherwise: string): string {
  if (value === undefined || value === '') throw new OpenClawError('BAD_CONFIG', `A secret cannot be read: ${otherwise}.`);
  return value;
}
