import { OpenClawError } from '@openclaw-runtime/protocol';

export interface Wanted {
  readonly provider: string;
  readonly package: string;
  /** The export's name, where it was said. */
  readonly export: string | undefined;
}

export type Create = (settings: Readonly<Record<string, unknown>>) => unknown;

/** The function of a package that makes its provider: the one that was named, or the only `createX`, or that which is called like the package. */
export function findCreate(exports: Readonly<Record<string, unknown>>, wanted: Wanted): Create {
  const all = { ...(exports['default'] as object | undefined), ...exports };
  if (wanted.export !== undefined) {
    const named = all[wanted.export];
    if (typeof named === 'function') return named as Create;
    throw missing(all, wanted, `has no function "${wanted.export}"`);
  }
  const found = Object.entries(all).filter(([name, value]) => /^create[A-Z]/.test(name) && typeof value === 'function');
  const [first] = found;
  const short = wanted.package.replace(/^.*\//, '').replace(/[^a-z0-9]/gi, '');
  const alike = found.find(([name]) => name.slice('create'.length).toLowerCase() === short.toLowerCase());
  const only = new Set(found.map(([, value]) => value)).size === 1 ? first : undefined;
  const chosen = alike ?? only;
  if (chosen) return chosen[1] as Create;
  throw missing(all, wanted, first ? 'has several functions createX' : 'has no function createX');
}

function missing(all: object, { provider, package: name }: Wanted, what: string): OpenClawError {
  const functions = Object.entries(all).flatMap(([key, value]) => (typeof value === 'function' ? [key] : []));
  const list = functions.length > 0 ? `It has: ${functions.slice(0, 20).join(', ')}.` : 'It has no functions.';
  return new OpenClawError('BAD_CONFIG', `providers.${provider}.export: the package "${name}" ${what}. ${list}`);
}
