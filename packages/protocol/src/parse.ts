import { OpenClawError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** JSON from a peer: at most `maxDepth` deep, so that nothing behind it can be driven into deep recursion. Throws `BAD_FRAME` or `TOO_LARGE`. */
export function parseJson(text: string, maxDepth: number = LIMITS.maxDepth): unknown {
  if (deeperThan(text, maxDepth)) throw new OpenClawError('TOO_LARGE', `The JSON is nested deeper than ${maxDepth}. Flatten it.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OpenClawError('BAD_FRAME', `The message is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Looks at brackets outside strings only; on broken JSON it may answer either way, and the parser then says what is wrong. */
function deeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (quoted) {
      if (unit === 0x5c) i++;
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (unit === 0x7d || unit === 0x5d) depth--;
  }
  return false;
}
