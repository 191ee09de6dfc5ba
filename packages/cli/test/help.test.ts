import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodesOf } from '../src/completion/tree.ts';
import { createProgram, main } from '../src/program.ts';
import { createFakeWorld } from './fake-world.ts';

const nodes = nodesOf(createProgram('1', createFakeWorld(), () => undefined));
const commands = nodes.map(({ words }) => words);

async function printed(...args: string[]): Promise<string> {
  const world = createFakeWorld();
  expect(await main(args, '1', world)).toBe(0);
  expect(world.complained()).toBe('');
  return world.printed();
}

describe('help', () => {
  test.each(commands)('of claw %s %s says what it does, with examples and exit codes', async (...words) => {
    const text = await printed(...words, '--help');
    expect(text).toMatchSnapshot();
    for (const part of ['Usage: claw', '\nOptions:\n', '\nExamples:\n', '\nExit codes:\n']) expect(text).toContain(part);
    const examples =
      /\nExamples:\n([^]*?)\n\n/
        .exec(text)?.[1]
        ?.split('\n')
        .filter((line) => /\bclaw\b/.test(line)) ?? [];
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(160);
    expect(await printed('help', ...words)).toBe(text);
  });

  test.each(['config', 'environment', 'exit-codes'])('on %s', async (topic) => {
    expect(await printed('help', topic)).toMatchSnapshot();
  });

  test('on what is not there names the nearest', async () => {
    const world = createFakeWorld();
    expect(await main(['help', 'confg'], '1', world)).toBe(1);
    expect(world.complained()).toContain('Did you mean config?');
    expect(await main(['runs', 'lst'], '1', world)).toBe(1);
    expect(world.complained()).toContain('Did you mean list?');
  });

  test('every command that reports something can do it as JSON', () => {
    const without = nodes.filter(
      ({ subcommands, options }) => subcommands.length === 0 && !options.some(({ flags }) => flags.includes('--json')),
    );
    expect(without.map(({ words }) => words.join(' '))).toEqual(['mcp serve', 'completion', 'help']);
  });
});

describe('completion', () => {
  const complete = async (...lines: readonly (readonly string[])[]): Promise<string[]> => {
    const folder = mkdtempSync(join(tmpdir(), 'openclaw-completion-'));
    try {
      const script = join(folder, 'claw.bash');
      writeFileSync(script, await printed('completion', 'bash'));
      const calls = lines.map(
        (words) =>
          `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _claw; echo "\${COMPREPLY[@]}"`,
      );
      const text = execFileSync('bash', ['--norc', '-c', `source '${script}'; complete -p claw; ${calls.join('; ')}`], {
        encoding: 'utf8',
      });
      return text.split('\n').slice(0, -1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  test('in a real bash knows commands, options and values', async () => {
    const [registered, ...found] = await complete(
      ['claw', 'ru'],
      ['claw', 'runs', ''],
      ['claw', 'runs', 'li'],
      ['claw', 'runs', 'list', '--st'],
      ['claw', 'runs', 'list', '--status', 'c'],
      ['claw', 'runs', 'list', '--limit', '5', '--status', 'running', '--js'],
      ['claw', 'runs', 'tail', '--from', ''],
      ['claw', 'run', '--level', 'a'],
      ['claw', 'help', 'exit'],
      ['claw', 'completion', 'z'],
      ['claw', 'nothing', ''],
    );
    expect(registered).toBe('complete -F _claw claw');
    expect(found.slice(0, 10)).toEqual([
      'run runs',
      'list show tail approve cancel fork',
      'list',
      '--status',
      'completed cancelled',
      '--json',
      'start end',
      'auto',
      'exit-codes',
      'zsh',
    ]);
  });

  test('knows every command and option there is, for each shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const script = await printed('completion', shell);
      for (const { subcommands, options } of nodes) {
        for (const { name } of subcommands) expect(script).toContain(name);
        for (const { flags } of options)
          for (const flag of flags) expect(script).toContain(shell === 'fish' ? flag.replace(/^-+/, '') : flag);
      }
    }
    const world = createFakeWorld();
    expect(await main(['completion', 'tcsh'], '1', world)).toBe(1);
    expect(world.complained()).toContain('bash, zsh or fish');
  });
});
