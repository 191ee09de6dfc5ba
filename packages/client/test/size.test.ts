import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

const MAX_BYTES = 8192;

test(`the client for browsers is at most ${MAX_BYTES} bytes gzipped, and needs nothing of Node`, async () => {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    resolve: { conditions: ['openclaw-source', 'browser', 'import', 'module', 'default'] },
    build: {
      write: false,
      target: 'es2024',
      // As in the bundle of an application; by default vite leaves a library's white space.
      rolldownOptions: { output: { minify: true } },
      lib: { entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)), formats: ['es'], fileName: 'client' },
    },
  });
  const { code } = (built as Rolldown.RolldownOutput[])[0]!.output[0];
  expect(code).not.toMatch(/node:|require\(|import\(/);
  const bytes = gzipSync(code, { level: 9 }).length;
  console.log(`${bytes} bytes`);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});
