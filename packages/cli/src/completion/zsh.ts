import type { Node, Value } from './tree.ts';

/** For a file `_claw` in a folder of `$fpath`, or `source <(claw completion zsh)` after compinit: one function for each command. */
export function zshScript(nodes: readonly Node[]): string {
  return `#compdef claw
# Completion of claw for zsh.
${nodes.map(functionOf).join('\n')}
if [ "$funcstack[1]" = "_claw" ]; then _claw "$@"; else compdef _claw claw; fi
`;
}

function functionOf({ words, subcommands, options, argument }: Node): string {
  const specs = options.map(({ flags, summary, value }) => {
    const [first = '', ...more] = flags;
    const names = more.length > 0 ? `'(${flags.join(' ')})'{${flags.join(',')}}` : first;
    return `${names}'[${plain(summary)}]${value === undefined ? '' : `:value:${action(value)}`}'`;
  });
  if (subcommands.length === 0) {
    const rest = argument === undefined ? [] : [`'*:argument:${action(argument)}'`];
    return `${nameOf(words)}() {\n  _arguments ${[...specs, ...rest].join(' ')}\n}`;
  }
  const described = subcommands.map(({ name, summary }) => `'${name}:${plain(summary)}'`).join(' ');
  const cases = subcommands.map(({ name }) => `    ${name}) ${nameOf([...words, name])} ;;`).join('\n');
  return `${nameOf(words)}() {
  local line state
  _arguments -C ${specs.join(' ')} '1: :->command' '*::argument:->rest'
  case $state in
  command) local -a commands=(${described}); _describe command commands ;;
  rest) case $line[1] in
${cases}
    esac ;;
  esac
}`;
}

function action(value: Value): string {
  if (value === 'file') return '_files';
  if (value === 'folder') return '_files -/';
  return value === 'anything' ? '' : `(${value.join(' ')})`;
}

function nameOf(words: readonly string[]): string {
  return ['_claw', ...words].join('_').replaceAll('-', '_');
}

/** Without what zsh reads as its own inside a description. */
function plain(text: string): string {
  return text.replaceAll("'", '’').replace(/[[\]:\\]/g, ' ');
}
