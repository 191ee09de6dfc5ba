import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['openclaw-source', 'node', 'import', 'module', 'default'];

/** Packages resolve to their sources everywhere: in the bundler's half of vitest, in its workers, and in the children that tests start. */
const sources = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};
const execArgv = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];

/** What is waited for may take a process, or a disk that stalls. */
const expect = { poll: { timeout: 10_000 } };

/** Tests that judge times: one after the other, after all others. */
const rows = [11, 13, 17, 20, 22, 23, 24, 27, 31, 34];
const timed = [...rows.map((row) => `tests/faults/row-${row}-*.test.ts`), 'tests/house/pace.test.ts', 'tests/house/overload.test.ts'];

export default defineConfig({
  test: {
    // Most of them wait for processes of their own.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        ...sources,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
          execArgv,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        ...sources,
        test: {
          name: 'house',
          include: ['tests/house/**/*.test.ts', 'tests/scenarios/**/*.test.ts'],
          exclude: timed,
          execArgv,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        ...sources,
        test: {
          name: 'attacks',
          include: ['tests/attacks/**/*.test.ts'],
          execArgv,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        ...sources,
        test: {
          name: 'simulation',
          include: ['tests/simulation/**/*.test.ts'],
          execArgv,
          testTimeout: 900_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        ...sources,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          exclude: timed,
          execArgv,
          testTimeout: 900_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        ...sources,
        test: {
          name: 'timed',
          include: timed,
          execArgv,
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 60_000,
          expect,
        },
      },
    ],
  },
});
