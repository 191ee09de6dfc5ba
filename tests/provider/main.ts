/** The misbehaving provider as a process: `node --conditions=openclaw-source tests/provider/main.ts --port 0 [--dir FOLDER] [--vary]`. */
import { parseArgs } from 'node:util';
import { startProvider } from './server.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, dir: { type: 'string' }, vary: { type: 'boolean', default: false } },
});
const provider = await startProvider({
  port: Number(values.port),
  vary: values.vary,
  ...(values.dir === undefined ? {} : { dir: values.dir }),
});
console.log(JSON.stringify({ ready: true, url: provider.url }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => provider.close());
