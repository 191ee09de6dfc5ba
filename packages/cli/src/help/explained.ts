import type { Command } from 'commander';

/** What help says of a command besides its options. */
export interface Explanation {
  readonly description: string;
  /** Two to five: a line to type, and what it does. */
  readonly examples: readonly (readonly [line: string, says: string])[];
  readonly exits: readonly (readonly [code: string, says: string])[];
  readonly more?: readonly string[];
}

/** Gives a command its description, and its examples and exit codes below the options. */
export function explained(command: Command, { description, examples, exits, more = [] }: Explanation): Command {
  return command
    .description(description)
    .summary(summaryOf(description))
    .addHelpText('after', [section('Examples', examples), section('Exit codes', exits), ...more.map((line) => `\n${line}`)].join('\n'));
}

export function withConfig(command: Command): Command {
  return command
    .option('--config <file>', 'configuration (default: $OPENCLAW_CONFIG, else ./openclaw.yaml)')
    .option('--data <folder>', 'data folder (default: $OPENCLAW_DATA, else ./.openclaw)');
}

export function withAddress(command: Command): Command {
  return command.option(
    '--url <address>',
    'the server: ws://HOST:PORT or agent://ENVIRONMENT/CLUSTER (default: the one of the data folder)',
  );
}

/** The first clause, for the list of commands. */
function summaryOf(description: string): string {
  const [first = ''] = description.split(/[.:] /);
  return `${first.charAt(0).toLowerCase()}${first.slice(1).replace(/\.$/, '')}`;
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(52, Math.max(...rows.map(([left]) => left.length)));
  const lines = rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  );
  return `\n${title}:\n${lines.join('\n')}`;
}
