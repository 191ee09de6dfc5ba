/** Which rooms a room may import, its own excluded. */
export type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads the ```rooms block of a document: lines `a -> b c`. Arrows are transitive. Throws when there is no block or an arrow leads in a circle. */
export function parseArrows(document: string): Arrows {
  const block = /^```rooms\n([\s\S]*?)^```/m.exec(document)?.[1];
  if (block === undefined) throw new Error('ARCHITECTURE.md has no ```rooms block.');
  const direct = new Map<string, string[]>();
  for (const line of block.split('\n').filter((text) => text.trim() !== '')) {
    const hit = /^([\w-]+) -> ([\w-]+(?: [\w-]+)*)$/.exec(line.trim());
    if (!hit) throw new Error(`Cannot read the arrow "${line}". Write: room -> room room`);
    const [, from = '', to = ''] = hit;
    direct.set(from, [...(direct.get(from) ?? []), ...to.split(' ')]);
    for (const room of to.split(' ')) if (!direct.has(room)) direct.set(room, []);
  }
  return new Map([...direct.keys()].map((room) => [room, reach(room, direct)]));
}

function reach(room: string, direct: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...(direct.get(room) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === room) throw new Error(`The arrows of "${room}" lead back to it.`);
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(direct.get(next) ?? []));
  }
  return seen;
}
