import { verifyAudit } from '@openclaw-runtime/audit';
import { plainJson, plainLine } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import { configOf, type DataOptions } from '../data/options.ts';

/** Compares the audit log with its seals. Resolves with 1 where something is wrong. */
export async function verifyLog(options: DataOptions, world: World): Promise<number> {
  const { dataDir } = configOf(options, world);
  const report = await verifyAudit(world.data.audit(dataDir));
  const { records, files, unsealed, faults } = report;
  if (options.json) world.out.write(`${plainJson(report)}\n`);
  else if (faults.length === 0) {
    const young = unsealed === 0 ? '' : `; the last ${unsealed} are not sealed yet`;
    world.out.write(`claw: the audit log is as it was written: ${records} records in ${files} files${young}\n`);
  } else {
    const lines = faults.map(({ what, file, line }) => `  ${plainLine(what)}${file === undefined ? '' : ` (${file}:${line})`}\n`);
    world.out.write(`claw: the audit log is not as it was written:\n${lines.join('')}`);
  }
  return faults.length > 0 ? 1 : 0;
}
