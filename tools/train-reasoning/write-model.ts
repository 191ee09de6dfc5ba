import { writeFileSync } from 'node:fs';
import { HEADS, type ModelFile, type ModelHead } from '../../packages/reasoning/src/scorer/model.ts';
import type { Blend } from './blend.ts';

/** The blend as it ships: tables in bytes, the rest in seven digits. */
export function packModel({ heads, scale, mix }: Blend): ModelFile {
  const steps = HEADS.map((name) => stepOf(heads[name].table));
  const size = heads.weak.table.length;
  const bytes = new Uint8Array(HEADS.length * size);
  HEADS.forEach((name, head) => {
    const { table } = heads[name];
    for (let at = 0; at < size; at += 1) {
      const slot = head < 4 ? 4 * at + head : 4 * size + 2 * at + (head - 4);
      bytes[slot] = 128 + byteOf(table[at]!, steps[head]!);
    }
  });
  const packed = HEADS.map((name, head): readonly [string, ModelHead] => [
    name,
    { step: short(steps[head]!), intercept: short(heads[name].intercept), dense: [...heads[name].dense].map(short) },
  ]);
  return {
    version: 2,
    mean: [...scale.mean].map(short),
    spread: [...scale.spread].map(short),
    heads: Object.fromEntries(packed) as ModelFile['heads'],
    mix: {
      strongShare: mix.strongShare,
      keep: mix.keep,
      mathLevel: short(mix.mathLevel),
      storyLevel: short(mix.storyLevel),
      slope: short(mix.slope),
      offset: short(mix.offset),
    },
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
