import { ID_PATTERN } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { ROUTES, type Route } from './permissions.ts';

/** A row of the table, and what the path says in its places. */
export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Path {
  readonly pattern: RegExp;
  readonly routes: Map<string, Route>;
}

const PLACES: Readonly<Record<string, string>> = { run: ID_PATTERN, id: '[^/]+', rest: '.+' };

const PATHS = pathsOf(Object.keys(ROUTES) as Route[]);

/** Which row of the table a request is. Throws `NOT_FOUND`, or `METHOD_NOT_ALLOWED` where the path has rows for other methods. */
export function findRoute(method: string, pathname: string): Found {
  for (const { pattern, routes } of PATHS) {
    const hit = pattern.exec(pathname);
    if (!hit) continue;
    const route = routes.get(method);
    if (route !== undefined) return { route, params: hit.groups ?? {} };
    throw new OpenClawError('METHOD_NOT_ALLOWED', `This path takes ${[...routes.keys()].filter((each) => each !== 'HEAD').join(' and ')}.`);
  }
  throw new OpenClawError('NOT_FOUND', `There is nothing at ${pathname}.`);
}

function pathsOf(routes: readonly Route[]): readonly Path[] {
  const byPath = new Map<string, Path>();
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    const known = byPath.get(path) ?? { pattern: patternOf(path), routes: new Map() };
    byPath.set(path, known);
    known.routes.set(method, route);
  }
  return [...byPath.values()];
}

function patternOf(path: string): RegExp {
  const source = path.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, (_place, name: string) => `(?<${name}>${PLACES[name] ?? ''})`);
  return new RegExp(`^${source}$`);
}
