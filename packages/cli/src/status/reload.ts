import { plainJson, plainLine, plainText } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import type { Reloaded } from '../house/reloaded.ts';

/** Has the server read its configuration again. Resolves with the exit code. */
export async function reload({ json, ...options }: ServerOptions & { readonly json?: boolean }, world: World): Promise<number> {
  const read = await withServer({ ...options, running: true }, world, ({ api }) => api.reload());
  if (json) world.out.write(`${plainJson(read)}\n`);
  else for (const line of linesOf(read)) world.out.write(`${line}\n`);
  return read.outcome === 'applied' ? 0 : 1;
}

function linesOf({ outcome, applied, waiting, problem }: Reloaded): readonly string[] {
  if (outcome === 'refused') return ['Refused; the configuration of before stays, as a whole:', plainText(problem ?? '')];
  if (applied.length + waiting.length === 0) return ['Nothing is new in the configuration.'];
  return [
    ...(applied.length > 0 ? [plainLine(`At once: ${applied.join(', ')}.`)] : []),
    ...(waiting.length > 0 ? [plainLine(`Only with a restart: ${waiting.join(', ')}.`)] : []),
  ];
}
