import { posix } from 'node:path';
import type { Arrows } from './arrows.ts';
import { cyclesOf } from './cycles.ts';
import type { House, Room, SourceFile } from './house.ts';
import { splitSpecifier } from './imports.ts';

/** Something that is not as ARCHITECTURE.md has it. */
export interface Fault {
  readonly where: string;
  readonly what: string;
  readonly mend: string;
}

export function faultsOf(house: House, arrows: Arrows): readonly Fault[] {
  return [...house.rooms.flatMap((room) => faultsOfRoom(room, house, arrows)), ...cycleFaults(house)];
}

function faultsOfRoom(room: Room, house: House, arrows: Arrows): readonly Fault[] {
  if (!arrows.has(room.name)) {
    return [
      {
        where: `packages/${room.name}`,
        what: 'is not in the rooms block',
        mend: 'Add its arrows to ARCHITECTURE.md, or remove the package.',
      },
    ];
  }
  return [
    ...room.sources.flatMap((file) => file.imports.flatMap((specifier) => importFaults(file, specifier, room, house, arrows, false))),
    ...room.tests.flatMap((file) => file.imports.flatMap((specifier) => importFaults(file, specifier, room, house, arrows, true))),
    ...unusedFaults(room),
  ];
}

function importFaults(file: SourceFile, specifier: string, room: Room, house: House, arrows: Arrows, isTest: boolean): readonly Fault[] {
  const fault = (what: string, mend: string): readonly Fault[] => [{ where: file.path, what: `imports '${specifier}': ${what}`, mend }];
  if (specifier.startsWith('node:')) return [];
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
    if (target.startsWith(`packages/${room.name}/`) || (isTest && target.startsWith('tests/'))) return [];
    return fault(
      'a path that leaves the package',
      'Import another package by its name; tests may also use the tests folder of the workspace.',
    );
  }
  const { name, entry } = splitSpecifier(specifier);
  const other = house.rooms.find((each) => each.packageName === name);
  if (!other) return npmFaults(name, room, house, isTest, fault);
  if (other.name === room.name && !isTest) return fault('its own package', 'Use a relative path.');
  if (other.name !== room.name && !arrows.get(room.name)?.has(other.name)) {
    return fault(`no arrow ${room.name} -> ${other.name}`, 'Move what is needed to a room that both may use, or pass it in from above.');
  }
  if (!other.exports.includes(entry)) return fault('not a public entry', `Use one of: ${other.exports.join(' ')}`);
  if (!isTest && !room.dependencies.includes(name))
    return fault('not in package.json', `Add it to the dependencies of packages/${room.name}/package.json.`);
  return [];
}

function npmFaults(
  name: string,
  room: Room,
  house: House,
  isTest: boolean,
  fault: (what: string, mend: string) => readonly Fault[],
): readonly Fault[] {
  if (room.dependencies.includes(name)) return [];
  const known = isTest && (house.rootDependencies.includes(name) || house.rooms.some((each) => each.dependencies.includes(name)));
  if (known) return [];
  return fault('not in package.json', `Add ${name} to packages/${room.name}/package.json, or do without it.`);
}

function unusedFaults(room: Room): readonly Fault[] {
  const used = new Set(room.sources.flatMap((file) => file.imports.map((specifier) => splitSpecifier(specifier).name)));
  return room.dependencies
    .filter((name) => !used.has(name))
    .map((name) => ({
      where: `packages/${room.name}/package.json`,
      what: `declares ${name}, which no source imports`,
      mend: 'Remove it from the dependencies.',
    }));
}

/** Files and folders that need each other, types counted. A folder and its own subfolder are two folders. */
function cycleFaults(house: House): readonly Fault[] {
  const files = new Map<string, Set<string>>();
  const folders = new Map<string, Set<string>>();
  const examples = new Map<string, string>();
  for (const { path, imports } of house.rooms.flatMap((room) => room.sources)) {
    const targets = imports.filter((it) => it.startsWith('.')).map((it) => posix.normalize(posix.join(posix.dirname(path), it)));
    files.set(path, new Set(targets));
    const own = posix.dirname(path);
    const around = folders.get(own) ?? new Set();
    folders.set(own, around);
    for (const target of targets.filter((it) => posix.dirname(it) !== own)) {
      around.add(posix.dirname(target));
      examples.set(`${own} ${posix.dirname(target)}`, `${path} imports ${target}`);
    }
  }
  const mend = 'Move what both need into a third one below them, or pass it in from above.';
  const edges = (cycle: readonly string[]): string =>
    cycle.flatMap((from) => cycle.flatMap((to) => examples.get(`${from} ${to}`) ?? [])).join('; ');
  return [
    ...cyclesOf(files).map((cycle) => ({ where: cycle[0] ?? '', what: `is in a cycle of files: ${cycle.join(', ')}`, mend })),
    ...cyclesOf(folders).map((cycle) => ({
      where: cycle[0] ?? '',
      what: `is in a cycle of folders: ${cycle.join(', ')}`,
      mend: `${mend} For example: ${edges(cycle)}`,
    })),
  ];
}
