// Who may import whom: reads the arrows from ARCHITECTURE.md and fails on anything else.
//   node tools/rooms.ts [ROOT]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArrows } from './rooms/arrows.ts';
import { type Fault, faultsOf } from './rooms/faults.ts';
import { readHouse } from './rooms/house.ts';

export interface RoomsReport {
  readonly rooms: number;
  readonly files: number;
  readonly imports: number;
  readonly faults: readonly Fault[];
}

/** Checks the workspace at `root`. */
export function checkRooms(root: string): RoomsReport {
  const arrows = parseArrows(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));
  const house = readHouse(root);
  const files = house.rooms.flatMap((room) => [...room.sources, ...room.tests]);
  return {
    rooms: house.rooms.length,
    files: files.length,
    imports: files.reduce((sum, file) => sum + file.imports.length, 0),
    faults: faultsOf(house, arrows),
  };
}

if (import.meta.main) {
  const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
  const { rooms, files, imports, faults } = checkRooms(root);
  console.log(`rooms: ${rooms} packages, ${files} files, ${imports} imports, ${faults.length} faults`);
  for (const { where, what, mend } of faults) console.log(`  ${where} ${what}\n    ${mend}`);
  if (faults.length > 0) process.exitCode = 1;
}
