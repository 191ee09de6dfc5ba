export type Json = Readonly<Record<string, unknown>>;

/** One row of the OpenAPI document. */
export interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Json[];
  /** What it is sent. */
  readonly body?: Json;
  /** A body that it takes. */
  readonly example?: unknown;
  /** What an answer has at least; absent: it has no body. */
  readonly answer?: Json;
  /** Default 200. */
  readonly status?: number;
  /** Other answers that are no errors. */
  readonly also?: Readonly<Record<number, string>>;
  /** It answers with events where it is asked to. */
  readonly streams?: true;
  /** Of what the answer is, where that is not JSON. */
  readonly type?: string;
  /** Whoever asks is answered. */
  readonly open?: true;
  /** Errors are in the shape of OpenAI. */
  readonly isOpenAi?: true;
}

/** By path and method. */
export type Operations = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

export const has = (...required: readonly string[]): Json => ({ type: 'object', required });
export const inHeader = (name: string, description: string): Json => ({ name, in: 'header', description, schema: { type: 'string' } });
export const inQuery = (name: string, type: string): Json => ({ name, in: 'query', schema: { type } });
export const inPath = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });

export const KEY = inHeader('Idempotency-Key', 'The same request with the same key is the same run, or command.');

/** Of a body whose other fields are refused. */
export function fields(properties: Json, ...required: readonly string[]): Json {
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) };
}
