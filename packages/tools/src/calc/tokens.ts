import { OpenClawError } from '@openclaw-runtime/protocol';

/** A piece of an expression; `at` counts characters from 0. */
export type Token =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'name'; readonly at: number; readonly text: string }
  | { readonly kind: 'sign'; readonly at: number; readonly text: string }
  | { readonly kind: 'end'; readonly at: number };

// Each alternative is linear, and sticky matching never goes back before `lastIndex`.
const TOKEN = /\s*(?:(?<number>(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z][A-Za-z0-9]*)|(?<sign>\*\*|[-+*/%^(),]))/y;

/** Throws `TOOL_FAILED` at the first character that begins nothing. */
export function tokensOf(expression: string): readonly Token[] {
  const pattern = new RegExp(TOKEN);
  const tokens: Token[] = [];
  for (;;) {
    const from = pattern.lastIndex;
    const match = pattern.exec(expression);
    if (!match?.groups) {
      const rest = expression.slice(from).trimStart();
      if (rest === '') return [...tokens, { kind: 'end', at: expression.length }];
      throw new OpenClawError(
        'TOOL_FAILED',
        `calc: "${String.fromCodePoint(rest.codePointAt(0) ?? 0)}" at ${expression.length - rest.length + 1} means nothing here.`,
      );
    }
    const { number, name, sign } = match.groups;
    const at = pattern.lastIndex - (number ?? name ?? sign ?? '').length;
    if (number !== undefined) tokens.push({ kind: 'number', at, value: Number(number.replaceAll('_', '')) });
    else if (name !== undefined) tokens.push({ kind: 'name', at, text: name });
    else tokens.push({ kind: 'sign', at, text: sign === '**' ? '^' : (sign ?? '') });
  }
}
