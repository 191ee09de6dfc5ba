import { expect, test } from 'vitest';
import { readClusters } from '../src/config/clusters.ts';

const read = (text: string | undefined, env: Record<string, string> = {}): unknown =>
  readClusters({ env, cwd: '/home', readFile: (path) => (path === (env.OPENCLAW_CONFIG ?? '/home/openclaw.yaml') ? text : undefined) });

test('only the clusters of the file count; the rest may be for servers only', () => {
  const text = 'server: {token: "${NOT_SET_HERE}"}\nclusters: {production/cluster-a: ["ws://${HOST:-a}:1"]}\n';
  expect(read(text)).toEqual({ 'production/cluster-a': ['ws://a:1'] });
  expect(read(text, { HOST: 'b', OPENCLAW_CONFIG: '/etc/x.yaml' })).toEqual({ 'production/cluster-a': ['ws://b:1'] });
});

test('no file and no clusters are none', () => {
  expect(read(undefined)).toEqual({});
  expect(read('')).toEqual({});
  expect(read('server: {port: 1}')).toEqual({});
  expect(read('clusters:')).toEqual({});
});

test('what cannot be used is said', () => {
  expect(() => read('clusters: {a/b: 5}')).toThrow('/home/openclaw.yaml: clusters.a/b: 5 is not a list of addresses.');
  expect(() => read('clusters: {a/b: ["ws://${GONE}"]}')).toThrow('the variable GONE is not set');
  expect(() => read('a: {')).toThrow('/home/openclaw.yaml: ');
});
