import { expect, test } from 'vitest';
import { resolveConfig } from '../src/config/resolve.ts';
import { authOf, readTls } from '../src/house/auth.ts';
import { createFakeWorld } from './fake-world.ts';

function resolved(yaml: string, files: Record<string, string> = {}) {
  const world = createFakeWorld();
  Object.assign(world.files, { '/home/openclaw.yaml': yaml, ...files });
  return { config: resolveConfig({}, world.config), ports: world.config };
}

const JWT = 'issuer: "https://i.example", audience: a';

test('who is let in is as it stands in the file; paths start at its folder', () => {
  expect(resolved('').config.auth).toEqual({});
  expect(resolved('auth: {anonymous: false}').config.auth).toEqual({ anonymous: false });
  const { config } = resolved(
    `auth: {jwt: {${JWT}, jwks: keys.json, algorithms: [ES256], tenantClaim: org}}\nserver: {tls: {cert: c.pem, key: /k.pem}, trustedProxies: [10.0.0.0/8]}`,
  );
  expect(config.auth.jwt).toMatchObject({ jwks: { file: '/home/keys.json' }, algorithms: ['ES256'], tenantClaim: 'org' });
  expect(config.server).toMatchObject({ tls: { cert: '/home/c.pem', key: '/k.pem' }, trustedProxies: ['10.0.0.0/8'] });
});

test('a public address needs somebody at the door', () => {
  const on = (auth: string) => () => resolved(`server: {host: 0.0.0.0}\n${auth}`);
  expect(on('')).toThrow('no token is set');
  expect(on('auth: {anonymous: true}')).toThrow('lets everybody in');
  expect(on('auth: {anonymous: false}')).not.toThrow();
  expect(on(`auth: {jwt: {${JWT}, jwks: "https://i.example/keys"}}`)).not.toThrow();
});

test.each([
  [
    `auth: {jwt: {${JWT}, jwks: "http://i.example/keys"}}`,
    'auth.jwt.jwks: "http://i.example/keys" is no address that starts with https://',
  ],
  [`auth: {jwt: {${JWT}, jwks: k.json, algorithms: [HS256]}}`, 'auth.jwt.algorithms.0: "HS256" is not "RS256"'],
  [`auth: {jwt: {${JWT}, jwks: k.json, algorithms: [none]}}`, 'auth.jwt.algorithms.0: "none" is not "RS256"'],
  [`auth: {jwt: {issuer: "https://i.example", jwks: k.json}}`, 'auth.jwt.audience: is missing'],
  ['server: {trustedProxies: [everybody]}', 'server.trustedProxies.0: "everybody" is neither an address nor a network'],
  ['server: {trustedProxies: [10.0.0.0/40]}', 'server.trustedProxies.0: "10.0.0.0/40" is neither an address nor a network'],
  ['server: {tls: {cert: c.pem}}', 'server.tls.key: is missing'],
])('%s is refused', (yaml, says) => {
  expect(() => resolved(yaml)).toThrow(says);
});

test('an issuer’s keys are read anew each time, from a file or an address', async () => {
  const file = resolved(`auth: {jwt: {${JWT}, jwks: k.json}}`, { '/home/k.json': '{"keys": []}' });
  expect(await authOf(file.config, file.ports).jwt?.loadKeys()).toEqual({ keys: [] });
  await expect(authOf(resolved(`auth: {jwt: {${JWT}, jwks: k.json}}`).config, file.ports).jwt?.loadKeys()).resolves.toEqual({ keys: [] });

  const { config, ports } = resolved(`auth: {jwt: {${JWT}, jwks: "https://i.example/keys"}}`);
  const asked: string[] = [];
  const answers = [
    { status: 200, body: '{"keys": [1]}' },
    { status: 503, body: '' },
  ];
  const remote = {
    ask: async (url: string) => {
      asked.push(url);
      return answers.shift() as { status: number; body: string };
    },
    run: () => Promise.reject(new Error('nothing is run')),
  };
  const { jwt } = authOf(config, { ...ports, remote });
  expect(await jwt?.loadKeys()).toEqual({ keys: [1] });
  await expect(jwt?.loadKeys()).rejects.toThrow('https://i.example answered 503.');
  expect(asked).toEqual(Array(2).fill('https://i.example/keys'));
});

test('a certificate’s file that is not there is named', () => {
  expect(() => readTls({ cert: '/c.pem', key: '/k.pem' }, (path) => (path === '/c.pem' ? 'cert' : undefined))).toThrow(
    'server.tls.key: there is no file /k.pem.',
  );
});
