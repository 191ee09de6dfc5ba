import type { World } from './world.ts';

/** Colour for one stream: none unless it is a terminal that may have it. */
export interface Style {
  dim(text: string): string;
  bold(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  readonly hasColour: boolean;
}

/** No colour on anything but a terminal, with `NO_COLOR` (https://no-color.org), on a dumb terminal, or with `--json`. */
export function createStyle(world: Pick<World, 'config'>, output: { readonly isTty: boolean }, json = false): Style {
  const { NO_COLOR, TERM } = world.config.env;
  const hasColour = output.isTty && !json && !NO_COLOR && TERM !== 'dumb';
  const paint =
    (code: number) =>
    (text: string): string =>
      hasColour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { hasColour, dim: paint(2), bold: paint(1), red: paint(31), green: paint(32), yellow: paint(33) };
}
