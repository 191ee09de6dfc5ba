/** One public name of an entry, with its declaration as the compiler writes it. */
export interface PublicName {
  readonly name: string;
  readonly text: string;
}

/**
 * The public names of a declaration file, followed through its relative re-exports. `read` gives the text of a
 * declaration file by its path; what another package exports stays a line that names that package.
 */
export function publicNames(path: string, read: (path: string) => string): readonly PublicName[] {
  const text = withoutComments(read(path));
  return [...ownNames(text), ...passedOn(text, path, read)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function ownNames(text: string): readonly PublicName[] {
  const found = [
    ...text.matchAll(/^export (?:declare |default )*(?:abstract )?(?:class|interface|type|const|let|function|namespace) (\w+)/gm),
  ];
  return found.map((hit) => ({ name: hit[1] as string, text: declarationAt(text, hit.index) }));
}

function passedOn(text: string, path: string, read: (path: string) => string): readonly PublicName[] {
  return [...text.matchAll(/^export (type )?\{([^}]*)\}(?: from ['"]([^'"]+)['"])?;/gm)].flatMap((hit) => {
    const names = (hit[2] as string).split(',').map((each) => each.trim().replace(/^type /, ''));
    return names.filter((each) => each !== '').map((each) => passedName(each, hit[3], path, read));
  });
}

function passedName(each: string, from: string | undefined, path: string, read: (path: string) => string): PublicName {
  const [original = '', name = original] = each.split(' as ');
  if (from === undefined) return { name, text: `export { ${each} };` };
  if (!from.startsWith('.')) return { name, text: `export { ${each} } from '${from}';` };
  const target = new URL(from.replace(/\.ts$/, '.d.ts'), `file://${path}`).pathname;
  const hit = publicNames(target, read).find((it) => it.name === original);
  if (!hit) throw new Error(`${path} passes on ${original}, which ${target} does not export.`);
  return { name, text: original === name ? hit.text : `${hit.text} // as ${name}` };
}

/** From the start of a declaration to the end of its statement; the compiler indents all that is inside. */
function declarationAt(text: string, start: number): string {
  const rest = text.slice(start);
  const end = rest.search(/\n(?![\s}])/);
  return (end < 0 ? rest : rest.slice(0, end)).trimEnd();
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '').replaceAll(/^\/\/.*\n/gm, '');
}
