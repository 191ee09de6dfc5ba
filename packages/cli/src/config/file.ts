import { resolve } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { LineCounter, parseDocument } from 'yaml';
import { expand } from './expand.ts';
import { withIndentation } from './flat.ts';
import type { ConfigPorts } from './ports.ts';
import { badConfig, problemsOf } from './problems.ts';
import { type FileConfig, fileSchema } from './schema.ts';

/** A configuration file that is well formed; what it refers to was not looked at yet. */
export interface ConfigFile {
  /** Absolute; absent when there is no file. */
  readonly path?: string;
  readonly content: FileConfig;
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** `asked` (a flag), else the variable OPENCLAW_CONFIG, else `./openclaw.yaml` if it exists. Throws `BAD_CONFIG` with all problems of the file. */
export function readConfigFile(asked: string | undefined, ports: ConfigPorts): ConfigFile {
  const named = asked ?? (ports.env.OPENCLAW_CONFIG || undefined);
  const path = resolve(ports.cwd, named ?? 'openclaw.yaml');
  const text = ports.readFile(path);
  if (text !== undefined) return parseConfigFile(text, path, ports);
  if (named === undefined) return { content: {}, lineOf: () => undefined };
  const by = asked === undefined ? 'OPENCLAW_CONFIG' : '--config';
  throw new OpenClawError('BAD_CONFIG', `${path}: there is no such file. ${by} names it; correct the name or leave it out.`);
}

export function parseConfigFile(text: string, path: string, ports: ConfigPorts): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (at: readonly PropertyKey[]): number | undefined => {
    for (let size = at.length; size > 0; size--) {
      const node = document.getIn(at.slice(0, size), true) as { readonly range?: readonly number[] } | undefined;
      if (node?.range) return lines.linePos(node.range[0] ?? 0).line;
    }
    return undefined;
  };
  const broken = document.errors.map((error) => ({
    path: [],
    says: `line ${lines.linePos(error.pos[0]).line} is not valid YAML: ${error.message}`,
  }));
  if (broken.length > 0) throw badConfig(path, broken, lineOf);

  const written: unknown = valueOf(document, path) ?? {};
  const raw = typeof written === 'object' && !Array.isArray(written) ? withIndentation(written as Record<string, unknown>) : written;
  const { value, missing } = expand(raw, ports.env);
  const unset = missing.map(({ path: at, name }) => ({
    path: at,
    says: `the variable ${name} is not set. Set it, or write \${${name}:-otherwise}.`,
  }));
  const parsed = fileSchema.safeParse(value);
  const problems = parsed.success
    ? unset
    : [...unset, ...problemsOf(parsed.error, fileSchema, raw).filter((it) => !unset.some((other) => same(it.path, other.path)))];
  if (!parsed.success || problems.length > 0) throw badConfig(path, problems, lineOf);
  return { path, content: parsed.data, lineOf };
}

/** Whatever stands for another value is that. Throws `BAD_CONFIG`, without the name, which may be a password that was not quoted. */
function valueOf(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const says =
      'is not valid YAML: *NAME stands for a value that is marked as &NAME; there is none, or too many. Quote text that begins with *.';
    throw new OpenClawError('BAD_CONFIG', `${path}: ${says}`, { cause: error });
  }
}

function same(a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
