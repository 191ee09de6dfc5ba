import type { Line, ScriptedRequest } from '../provider/scripted.ts';

/** A coder that writes, a tester that runs it where it can, and a reviewer that accepts what is in the file once it is right. */
export function crew(): (request: ScriptedRequest) => Line {
  return ({ messages, tools = [] }) => {
    const [system, user] = messages;
    const last = messages.at(-1);
    const has = (name: string): boolean => tools.some((tool) => tool.function.name === name);
    const who = /^You are a (\w+)/.exec(system?.content ?? '')?.[1];
    if (who === 'programmer') {
      if (last?.role === 'tool') return { text: 'Wrote x.js.' };
      const again = user?.content?.includes('x has to be 2') ?? false;
      return { calls: [{ name: 'fs_write', arguments: { path: 'x.js', text: `export const x = ${again ? 2 : 1};\n` } }] };
    }
    if (who === 'tester') {
      if (last?.role === 'tool') return { text: `It printed: ${last.content}` };
      if (!has('shell_run')) return { text: 'Nothing was run: there is no tool for it.' };
      return {
        calls: [{ name: 'shell_run', arguments: { argv: ['node', '-e', "import('./x.js').then(({ x }) => console.log('x is', x))"] } }],
      };
    }
    const results = messages.filter(({ role }) => role === 'tool');
    if (results.length === 0) return { calls: [{ name: 'fs_read', arguments: { path: 'x.js' } }] };
    if (results.length === 2) return { text: 'That is all.' };
    const verdict = results[0]?.content?.includes('x = 2')
      ? { accept: true, summary: 'It does what was asked.' }
      : { accept: false, summary: 'Not yet.', findings: ['x has to be 2'] };
    return { calls: [{ name: 'verdict', arguments: verdict }] };
  };
}
