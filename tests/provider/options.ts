/** How one request is to be treated: the query string of its model name. */
export interface Options {
  /** Milliseconds before the first chunk, and between bursts of chunks. */
  readonly ttft: number;
  readonly gap: number;
  /** Chunks per burst. */
  readonly burst: number;
  /** Bytes per write, so that chunks are torn across packets; 0 writes chunks whole. */
  readonly split: number;
  /** Chunks after which the fault comes; `undefined`: it does not. */
  readonly cut: number | undefined;
  readonly stall: number | undefined;
  /** Milliseconds between comments, which are all that comes after the stall's chunks (none by default). */
  readonly drip: number | undefined;
  readonly status: number | undefined;
  /** The `Retry-After` header with the status, as it is. */
  readonly retry: string | undefined;
  /** Requests of this exact model string that cut, stall, drip and status strike. */
  readonly times: number;
  /** Chunks after which a line comes that is not JSON. */
  readonly junk: number | undefined;
  /** Bytes of one more delta before the first text. */
  readonly bigtoken: number;
  /** A kept response is not found when it is asked for again. */
  readonly forget: boolean;
  /** Every token of the text carries a nonce of the request. */
  readonly vary: boolean;
}

export function parseModel(model: string): { readonly name: string; readonly options: Options } {
  const at = model.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : model.slice(at + 1));
  const optional = (key: string): number | undefined => (query.has(key) ? Number(query.get(key)) : undefined);
  const drip = optional('drip');
  const options: Options = {
    ttft: optional('ttft') ?? 0,
    gap: optional('gap') ?? 0,
    burst: optional('burst') ?? 1,
    split: optional('split') ?? 0,
    cut: optional('cut'),
    stall: optional('stall') ?? (drip === undefined ? undefined : 0),
    drip,
    status: optional('status'),
    retry: query.get('retry') ?? undefined,
    times: optional('times') ?? Number.POSITIVE_INFINITY,
    junk: optional('junk'),
    bigtoken: optional('bigtoken') ?? 0,
    forget: query.has('forget') && query.get('forget') !== '0',
    vary: query.has('vary') && query.get('vary') !== '0',
  };
  return { name: at < 0 ? model : model.slice(0, at), options };
}

export function isFaulty({ cut, stall, status }: Options): boolean {
  return cut !== undefined || stall !== undefined || status !== undefined;
}
