/** Constants and functions that expressions may name; `args` is how many a function takes, at least and at most. */
export const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
  ['tau', 2 * Math.PI],
]);

export interface CalcFunction {
  readonly args: readonly [number, number];
  readonly of: (...args: number[]) => number;
}

const one = (of: (x: number) => number): CalcFunction => ({ args: [1, 1], of });
const many = (of: (...args: number[]) => number): CalcFunction => ({ args: [1, 100], of });

export const FUNCTIONS: ReadonlyMap<string, CalcFunction> = new Map([
  ['abs', one(Math.abs)],
  ['ceil', one(Math.ceil)],
  ['floor', one(Math.floor)],
  ['trunc', one(Math.trunc)],
  ['sign', one(Math.sign)],
  ['sqrt', one(Math.sqrt)],
  ['cbrt', one(Math.cbrt)],
  ['exp', one(Math.exp)],
  ['ln', one(Math.log)],
  ['log2', one(Math.log2)],
  ['log10', one(Math.log10)],
  ['sin', one(Math.sin)],
  ['cos', one(Math.cos)],
  ['tan', one(Math.tan)],
  ['asin', one(Math.asin)],
  ['acos', one(Math.acos)],
  ['atan', one(Math.atan)],
  ['atan2', { args: [2, 2], of: Math.atan2 }],
  ['hypot', many(Math.hypot)],
  ['min', many(Math.min)],
  ['max', many(Math.max)],
  ['sum', many((...args) => args.reduce((sum, x) => sum + x, 0))],
  ['mean', many((...args) => args.reduce((sum, x) => sum + x, 0) / args.length)],
  // To the natural base, or to one that is given.
  ['log', { args: [1, 2], of: (x, base) => (base === undefined ? Math.log(x) : Math.log(x) / Math.log(base)) }],
  ['round', { args: [1, 2], of: roundTo }],
]);

function roundTo(x: number, digits = 0): number {
  const rounded = Number(`${Math.round(Number(`${x}e${Math.trunc(digits)}`))}e${-Math.trunc(digits)}`);
  return Number.isNaN(rounded) ? x : rounded;
}
