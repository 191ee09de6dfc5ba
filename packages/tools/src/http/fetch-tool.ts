import type { HouseTool } from '@openclaw-runtime/agent';
import { z } from 'zod';
import { createTool, type House } from '../tool/create-tool.ts';
import { follow } from './follow.ts';
import { parseHeaders } from './headers.ts';
import type { Web } from './port.ts';
import { type ReadBody, readBody } from './read-body.ts';
import type { HttpRules } from './rules.ts';
import { tellAnswer } from './told.ts';

export interface HttpFetchOptions extends HttpRules {
  readonly methods: readonly HttpMethod[];
  readonly timeoutMs: number;
  /** Of a body, after decompression. */
  readonly maxBytes: number;
}

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const NO_BODY: ReadBody = { bytes: new Uint8Array(0), cut: false };

/** `http.fetch`: a request to the public internet. */
export function createHttpTool(house: House, web: Web, options: HttpFetchOptions): HouseTool {
  const { methods, timeoutMs, maxBytes } = options;
  const sideEffects = methods.some((method) => method !== 'GET' && method !== 'HEAD');
  return createTool(house, {
    name: 'http.fetch',
    description: `Fetches a web address and gives its status, headers and text. Methods: ${methods.join(', ')}.`,
    input: z.strictObject({
      url: z.string().min(1).max(8_192),
      method: z.enum(methods).optional(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.string().max(1_048_576).optional(),
      maxBytes: z.int().min(1).max(maxBytes).optional(),
    }),
    sideEffects,
    onInterrupted: sideEffects ? 'fail' : 'retry',
    timeoutMs,
    async run(args, { signal, trace }) {
      const { url, method = methods[0] ?? 'GET', headers = {}, body } = args;
      const wanted = { method, url, headers: parseHeaders({ ...trace, ...headers }), ...(body === undefined ? {} : { body }) };
      const answer = await follow(wanted, options, web, signal);
      try {
        const nothing = method === 'HEAD' || answer.status === 204 || answer.status === 304;
        return tellAnswer(answer, nothing ? NO_BODY : await readBody(answer, args.maxBytes ?? maxBytes));
      } finally {
        await answer.close();
      }
    },
  });
}
