// Makes the built-in model of packages/reasoning from a folder of data, the same to the bit from the same data.
//   node tools/train-reasoning/main.ts DATA_DIR [--no-report]
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fitBlend } from './blend.ts';
import { readRows } from './data.ts';
import { replayEfforts } from './effort.ts';
import { createExamples } from './examples.ts';
import { reportOn } from './report.ts';
import { reportText } from './report-text.ts';
import { packModel, writeModel } from './write-model.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = process.argv[2];
if (folder === undefined) {
  console.error('train: say where the data are: npm run train:reasoning -- DATA_DIR');
  process.exit(2);
}
const examples = createExamples(readRows(folder));
console.log(`${examples.length} rows`);
const file = packModel(fitBlend(examples));
writeModel(join(root, 'packages/reasoning/src/scorer/builtin.ts'), file);
console.log(`weights ${createHash('sha256').update(JSON.stringify(file)).digest('hex')}`);
if (!process.argv.includes('--no-report')) {
  const report = reportOn(examples, replayEfforts(folder), (line) => console.log(line));
  mkdirSync(join(root, 'docs/reasoning'), { recursive: true });
  writeFileSync(join(root, 'docs/reasoning/report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(root, 'docs/reasoning/REPORT.md'), reportText(report));
}
