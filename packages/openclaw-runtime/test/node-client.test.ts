import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenClawClient as BrowserClient } from '../src/client.ts';
import { OpenClawClient, OpenClawError } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'clusters-'));
beforeEach(() => {
  writeFileSync(join(folder, 'openclaw.yaml'), 'clusters: {production/from-file: ["ws://127.0.0.1:9"]}\nserver: {token: "${NOT_SET}"}\n');
  vi.stubEnv('OPENCLAW_CONFIG', join(folder, 'openclaw.yaml'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The message lists the clusters that the client knows. */
async function known(client: BrowserClient): Promise<string> {
  const error: unknown = await client.connect('agent://no/where').catch((thrown: unknown) => thrown);
  client.close();
  expect(error).toBeInstanceOf(OpenClawError);
  expect((error as OpenClawError).code).toBe('UNKNOWN_CLUSTER');
  return (error as OpenClawError).message;
}

test('knows the clusters of the configuration file', async () => {
  expect(await known(new OpenClawClient())).toContain('production/from-file');
});

test('the option and the variable take the place of the file', async () => {
  const byOption = await known(new OpenClawClient({ clusters: { 'a/option': ['ws://127.0.0.1:9'] } }));
  expect(byOption).toContain('a/option');
  expect(byOption).not.toContain('from-file');
  vi.stubEnv('OPENCLAW_CLUSTERS', '{"a/variable": ["ws://127.0.0.1:9"]}');
  const byVariable = await known(new OpenClawClient());
  expect(byVariable).toContain('a/variable');
  expect(byVariable).not.toContain('from-file');
});

test('a file whose clusters cannot be used is said at once', () => {
  writeFileSync(join(folder, 'openclaw.yaml'), 'clusters: {a/b: 5}\n');
  expect(() => new OpenClawClient()).toThrow('clusters.a/b: 5 is not a list of addresses.');
});

test('the client for browsers reads no file', async () => {
  expect(await known(new BrowserClient())).not.toContain('from-file');
});
