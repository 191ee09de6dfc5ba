/** `npm run fuzz -- --cases 1000000 --seed 1 [--from 250000]`: frames and bodies that are nearly right, to every door. */
import { parseArgs } from 'node:util';
import { fuzz } from './run.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const [seed, from, to] = [Number(values.seed), Number(values.from), Number(values.cases)];
const began = performance.now();
let told = 0;
const faults = await fuzz({
  seed,
  from,
  to,
  onProgress(done, found) {
    if (done < to && done - told < 10_000) return;
    told = done;
    const seconds = (performance.now() - began) / 1_000;
    console.log(
      `${done} of ${to} cases, ${found.length} faults, ${Math.round((done - from) / seconds)}/s; go on with --seed ${seed} --from ${done}`,
    );
  },
});
for (const fault of faults.slice(0, 20)) console.error(JSON.stringify(fault));
process.exitCode = faults.length === 0 ? 0 : 1;
