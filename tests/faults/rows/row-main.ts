/** One row of faults against the tree that this file is in: `node --conditions=openclaw-source row-main.ts NAME SEED COUNT`. The last line is its report as JSON. */
import { ROWS, type RowName } from './rows.ts';

const [name = '', seed = '0', count = '1'] = process.argv.slice(2);
const row = ROWS[name as RowName];
if (!row) throw new Error(`there is no row ${name}; there are ${Object.keys(ROWS).join(', ')}`);
const report = await row.run({ seed: Number(seed), count: Number(count), say: (line) => console.log(line) });
// A pipe takes 64 KiB at once; the exit would cut off the rest.
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(report.violations.length === 0 ? 0 : 1));
