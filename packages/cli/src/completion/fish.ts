import type { Node, Value } from './tree.ts';

/** For `~/.config/fish/completions/claw.fish`: a line for each command and option. */
export function fishScript(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(linesOf);
  return `# Completion of claw for fish.
function __claw_at
  set -l words (commandline -opc)[2..]
  set -l plain
  for word in $words
    string match -q -- '-*' $word; or set -a plain $word
  end
  set -l n (count $argv)
  test "$plain[1..$n]" = "$argv"
end
function __claw_just
  set -l words (commandline -opc)[2..]
  test "$words" = "$argv"
end
complete -c claw -f
${lines.join('\n')}
`;
}

function linesOf({ words, subcommands, options, argument }: Node): string[] {
  const command = subcommands.length > 0 ? '__claw_just' : '__claw_at';
  const condition = words.length === 0 ? '__fish_use_subcommand' : `${command} ${words.join(' ')}`;
  const start = `complete -c claw -n '${condition}'`;
  return [
    ...subcommands.map(({ name, summary }) => `${start} -a ${name} -d '${plain(summary)}'`),
    ...(argument === undefined || argument === 'anything' ? [] : [`${start}${follows(argument)}`]),
    ...options.map(({ flags, summary, value }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
      return `${start} ${names} -d '${plain(summary)}'${value === undefined ? '' : ` -r${follows(value)}`}`;
    }),
  ];
}

function follows(value: Value): string {
  if (value === 'file') return ' -F';
  if (value === 'folder') return " -a '(__fish_complete_directories)'";
  return value === 'anything' ? '' : ` -a '${value.join(' ')}'`;
}

function plain(text: string): string {
  return text.replaceAll("'", '’').replaceAll('\\', '');
}
