import { writeFileSync } from 'node:fs';
import type { ModelFile } from '../../packages/reasoning/src/scorer/model.ts';
import type { Blend } from './blend.ts';
import type { Head } from './fit.ts';

/** The blend as it ships: tables in signed bytes, the rest in seven digits. */
export function packModel(blend: Blend): ModelFile {
  const size = blend.weak.table.length;
  const bytes = new Int8Array(2 * size);
  const weakStep = stepOf(blend.weak.table);
  const strongStep = stepOf(blend.strong.table);
  for (let at = 0; at < size; at += 1) {
    bytes[2 * at] = byteOf(blend.weak.table[at]!, weakStep);
    bytes[2 * at + 1] = byteOf(blend.strong.table[at]!, strongStep);
  }
  const head = (from: Head, step: number): ModelFile['weak'] => ({
    step: short(step),
    intercept: short(from.intercept),
    dense: [...from.dense].map(short),
  });
  return {
    version: 1,
    mean: [...blend.scale.mean].map(short),
    spread: [...blend.scale.spread].map(short),
    weak: head(blend.weak, weakStep),
    strong: head(blend.strong, strongStep),
    strongShare: blend.strongShare,
    slope: short(blend.slope),
    offset: short(blend.offset),
    table: Buffer.from(bytes.buffer).toString('base64'),
  };
}

/** As one text: a literal of thousands of numbers would be read by every tool that looks at the code. */
export function writeModel(path: string, file: ModelFile): void {
  const says = '/** A `ModelFile`, written by `npm run train:reasoning`; docs/reasoning/MODEL-CARD.md says from what. */';
  writeFileSync(path, `${says}\nexport const BUILTIN =\n  '${JSON.stringify(file)}';\n`);
}

/** A 127th of the greatest weight, but for one in ten thousand. */
function stepOf(table: Float64Array): number {
  const sizes = table.map((value) => Math.abs(value)).toSorted();
  return sizes[Math.floor(sizes.length * 0.9999)]! / 127 || 1;
}

function byteOf(value: number, step: number): number {
  return Math.max(-127, Math.min(127, Math.round(value / step)));
}

function short(value: number): number {
  return Number(value.toPrecision(7));
}
