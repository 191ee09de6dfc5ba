import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import type { Output, World } from './commands/world.ts';
import { leaveNoDumps } from './machine/core-dumps.ts';
import { createDataTools } from './machine/data-tools.ts';
import { createInput } from './machine/input.ts';
import { createMachine } from './machine/machine.ts';
import { readFile } from './machine/read-file.ts';
import { createRemoteSecrets } from './machine/remote-secrets.ts';

/** The program `claw` in the real world: sets the process's exit code, and leaves when nothing is left to do. */
export async function runProgram(version: string): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return;
  }
  // Nobody reads any more (`claw run … | head`): not an error, but no reason to go on either.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const { main } = await import('./program.ts');
  process.exitCode = await main(args, version, realWorld());
}

function realWorld(): World {
  return {
    config: { env: process.env, cwd: process.cwd(), readFile, remote: createRemoteSecrets(systemClock) },
    clock: systemClock,
    random: systemRandom,
    out: outputTo(process.stdout),
    err: outputTo(process.stderr),
    input: createInput(process.stdin),
    machine: createMachine(systemClock),
    data: createDataTools(process.stdout),
    async openHouse(config, ports) {
      const problem = leaveNoDumps();
      if (problem !== undefined)
        ports.log(`claw: a core dump of this server could hold parts of secrets (start it after ulimit -c 0): ${problem}`);
      return (await import('./compose.ts')).openHouse(config, ports);
    },
    onStop(fn) {
      process.on('SIGINT', fn);
      process.on('SIGTERM', fn);
      return () => {
        process.off('SIGINT', fn);
        process.off('SIGTERM', fn);
      };
    },
    onReload(fn) {
      process.on('SIGHUP', fn);
      return () => process.off('SIGHUP', fn);
    },
    exit: (code) => process.exit(code),
  };
}

function outputTo(stream: NodeJS.WriteStream): Output {
  return {
    isTty: stream.isTTY ?? false,
    get width() {
      // A terminal that was never told its size says 0.
      return stream.columns || 80;
    },
    write: (text) => {
      stream.write(text);
    },
  };
}
