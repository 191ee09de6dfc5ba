import { OpenClawError } from '@openclaw-runtime/protocol';

const MAX_LENGTH = 1_024;
const MAX_DEPTH = 32;

/** A path within a run's folder as the tools take it: relative, `/` between names, no `..`. The folder itself is `''`. Throws `DENIED`. */
export function parsePath(path: string): string {
  if (path.length > MAX_LENGTH) throw refused(path, `is longer than ${MAX_LENGTH} characters`);
  if (/^(?:[/\\~]|[A-Za-z]:)/.test(path)) throw refused(path, 'is absolute; give one that is relative to the workspace');
  if (path.includes('\\') || hasControl(path) || !path.isWellFormed())
    throw refused(path, 'has characters that no path of a workspace has');
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw refused(path, 'leads upwards; only what is below the workspace can be reached');
  if (names.length > MAX_DEPTH || names.some((name) => Buffer.byteLength(name) > 255))
    throw refused(path, 'is too deep, or a name in it too long');
  return names.join('/');
}

function hasControl(path: string): boolean {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

function refused(path: string, why: string): OpenClawError {
  return new OpenClawError('DENIED', `fs: the path ${JSON.stringify(path.slice(0, 100))} ${why}.`);
}
