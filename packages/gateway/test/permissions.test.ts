import { commandKindSchema } from '@openclaw-runtime/protocol/schema';
import { describe, expect, test } from 'vitest';
import { checkPermission, frameProblem } from '../src/identity/check.ts';
import { findRoute } from '../src/identity/find-route.ts';
import { FRAMES, type Permission, ROUTES, type Route } from '../src/identity/permissions.ts';
import { type Principal, SCOPES, type Scope } from '../src/identity/principal.ts';
import { OPERATIONS } from '../src/openai/openapi/document.ts';

const RUN = 'r'.repeat(22);
const who = (tenant: string, ...scopes: readonly Scope[]): Principal => ({ tenant, id: 'key:x', scopes: new Set(scopes) });

/** What the table says of one row, in a form that a person can look over. */
function lineOf([name, { scope, house, starts }]: readonly [string, Permission]): string {
  return [name.padEnd(42), scope, ...(house ? ['house'] : []), ...(starts ? ['starts'] : [])].join(' ');
}

describe('the table', () => {
  test('as it stands', () => {
    expect([...Object.entries(ROUTES), ...Object.entries(FRAMES)].map(lineOf).join('\n')).toMatchSnapshot();
  });

  test('every route is found by its own method and path, and by no other method', () => {
    for (const route of Object.keys(ROUTES) as Route[]) {
      const [method = '', template = ''] = route.split(' ');
      const path = template.replace('{run}', RUN).replace('{id}', 'some-id').replace('{rest}', 'agent:x');
      expect(findRoute(method, path).route).toBe(route);
      for (const other of ['PATCH', 'OPTIONS', 'TRACE', 'CONNECT', '']) expect(() => findRoute(other, path), `${other} ${path}`).toThrow();
      for (const near of [`${path}/`, `${path};a`, `/${path}`, path.toUpperCase()]) {
        const hit = found(method, near);
        expect([undefined, 'GET /v1/models/{rest}'], near).toContain(hit === route && template.endsWith('}') ? undefined : hit);
      }
    }
  });

  test('every operation of the OpenAPI document has its row', () => {
    for (const [path, methods] of Object.entries(OPERATIONS)) {
      for (const method of Object.keys(methods)) {
        const at = path.replace('/v1/models/{id}', '/v1/models/{rest}');
        expect(Object.keys(ROUTES), `${method} ${path}`).toContain(`${method.toUpperCase()} ${at}`);
      }
    }
  });

  test('every command has its row', () => {
    for (const kind of commandKindSchema.options) expect(Object.keys(FRAMES)).toContain(`command.${kind}`);
  });

  test('only how the server is, and hello, is for everybody', () => {
    const open = [...Object.entries(ROUTES), ...Object.entries(FRAMES)].filter(([, { scope }]) => scope === 'public');
    expect(open.map(([name]) => name)).toEqual(['GET /healthz', 'HEAD /healthz', 'GET /readyz', 'HEAD /readyz', 'hello']);
  });
});

describe('who may', () => {
  test('each scope is what it is and no more; none contains another', () => {
    for (const permission of Object.values(ROUTES) as Permission[]) {
      for (const scope of SCOPES) {
        const act = (): void => checkPermission(who('default', scope), permission);
        if (permission.scope === 'public' || permission.scope === scope) expect(act).not.toThrow();
        else expect(act).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
      }
    }
  });

  test('what is about all tenants is the house’s own', () => {
    expect(() => checkPermission(who('default', 'admin'), ROUTES['GET /v1/backup'])).not.toThrow();
    expect(() => checkPermission(who('acme', 'admin'), ROUTES['GET /v1/backup'])).toThrow(/all tenants/);
  });

  test('what has no row is for nobody', () => {
    expect(() => checkPermission(who('default', ...SCOPES), undefined)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
    const frame = { t: 'constructor', ch: 1 } as never;
    expect(frameProblem(who('default', ...SCOPES), frame)).toMatchObject({ code: 'FORBIDDEN' });
    expect(frameProblem(who('default', ...SCOPES), { t: 'command', kind: '__proto__' } as never)).toMatchObject({ code: 'FORBIDDEN' });
  });
});

function found(method: string, path: string): Route | undefined {
  try {
    return findRoute(method, path).route;
  } catch {
    return undefined;
  }
}
