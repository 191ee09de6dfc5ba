import type { Node, Value } from './tree.ts';

/** For `source <(claw completion bash)`: one function, which walks the words to the command at hand. */
export function bashScript(nodes: readonly Node[]): string {
  const paths = nodes.filter(({ words }) => words.length > 0).map(({ words }) => words.join(' '));
  return `# Completion of claw for bash.
_claw() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${paths.map(quoted).join('|')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
${nodes.map(caseOf).join('\n')}
  esac
}
complete -F _claw claw
`;
}

function caseOf({ words, subcommands, options, argument }: Node): string {
  const values = options.flatMap(({ flags, value }) =>
    value === undefined ? [] : [`        ${flags.join('|')}) ${reply(value)}; return ;;`],
  );
  const names = [...subcommands.map(({ name }) => name)];
  const flags = options.flatMap((option) => option.flags).join(' ');
  return `    ${quoted(words.join(' '))})
${values.length === 0 ? '' : `      case "$prev" in\n${values.join('\n')}\n      esac\n`}      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${flags}' -- "$cur"))
      else ${reply(names.length > 0 ? names : (argument ?? 'anything'))}; fi ;;`;
}

function reply(value: Value): string {
  if (value === 'file') return 'COMPREPLY=($(compgen -f -- "$cur"))';
  if (value === 'folder') return 'COMPREPLY=($(compgen -d -- "$cur"))';
  if (value === 'anything') return ':';
  return `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$cur"))`;
}

function quoted(text: string): string {
  return `'${text}'`;
}
