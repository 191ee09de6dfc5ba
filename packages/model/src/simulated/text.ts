const WORDS = (
  'amber anchor apple arrow autumn basin birch blue border bridge bright brook candle canyon cedar cloud coast copper coral ' +
  'cotton crane crystal dawn delta desert dew drift dune eagle early earth ember evening falcon feather fern field finch fir flame ' +
  'flint forest fox frost garden gentle glacier glass golden granite grass green grove harbor harvest hazel heather heron hill ' +
  'honey horizon ice indigo iris island ivory ivy jade juniper kestrel lake lantern larch lark laurel leaf light lily linen ' +
  'lotus lunar maple marble marsh meadow mint mist moon morning moss mountain nectar night north oak oasis ocean olive opal ' +
  'orchard otter owl pearl pebble pine plain plum pond poplar prairie quartz quiet rain raven reed ridge river robin rose ruby ' +
  'rush sage sand sea shade shell shore silver sky slate snow sparrow spring spruce star stone storm stream summer sun swan ' +
  'thistle thunder tide timber trail tulip valley violet walnut warm water wave wheat willow wind winter wren yellow'
)
  .split(' ')
  .map((word) => `${word} `);

const READABLE = (
  'This is the simulated model of OpenClaw Runtime: no provider was asked, and nobody thought about your prompt. ' +
  'The words come at thirty a second, from a script, so that you can watch a stream, break the connection, or kill the server ' +
  'in the middle and see the answer go on where it stopped. Set OPENAI_API_KEY or OPENAI_BASE_URL to talk to a real model.'
)
  .split(' ')
  .map((word) => `${word} `);

/** An answer word by word, computed as it is needed. */
export interface TokenSource {
  readonly length: number;
  /** Token `i`, with the space that follows it. Costs well under a microsecond. */
  at(i: number): string;
}

/**
 * The answer to a prompt: `tokens` words that depend on the prompt, or a readable text where `tokens` is undefined. A
 * `variant` is put into every token (`river·k3f9 `), so that answers of two variants differ everywhere.
 */
export function simulatedSource(prompt: string, tokens: number | undefined, variant = ''): TokenSource {
  return tokens === 0 ? NO_TOKENS : new Answer(prompt, tokens, variant);
}

const NO_TOKENS: TokenSource = { length: 0, at: () => '' };

/** A class, since thousands of them play at once. */
class Answer implements TokenSource {
  readonly length: number;
  readonly #seed: number | undefined;
  readonly #variant: string;

  constructor(prompt: string, tokens: number | undefined, variant: string) {
    this.length = tokens ?? READABLE.length;
    this.#seed = tokens === undefined ? undefined : hash(prompt);
    this.#variant = variant;
  }

  at(i: number): string {
    const word = this.#seed === undefined ? READABLE[i] : WORDS[mix(this.#seed + i) % WORDS.length];
    return this.#variant === '' ? (word as string) : `${word?.trimEnd()}·${this.#variant} `;
  }
}

/** All tokens of {@link simulatedSource}, as a caller of the simulated model gets them. */
export function simulatedTokens(prompt: string, tokens?: number, variant = ''): string[] {
  const source = simulatedSource(prompt, tokens, variant);
  return Array.from({ length: source.length }, (_, i) => source.at(i));
}

/** The text that the simulated model answers to a prompt, for checks that know it beforehand. */
export function simulatedText(prompt: string, tokens?: number, variant = ''): string {
  const source = simulatedSource(prompt, tokens, variant);
  let text = '';
  for (let i = 0; i < source.length; i++) text += source.at(i);
  return text;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
