import type { Parts } from '../hall/folding.ts';

export function createParts(): Parts {
  const texts = new Map<number, string>();
  let last = 0;
  return {
    put(text) {
      texts.set(++last, text);
      return last;
    },
    get: (id) => texts.get(id) ?? '',
    drop: (id) => void texts.delete(id),
  };
}
