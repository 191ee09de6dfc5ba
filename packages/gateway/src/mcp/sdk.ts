import type * as sdk from '@modelcontextprotocol/server';

/** The SDK, loaded at the first request. */
export type Sdk = typeof sdk;

export function loadSdk(): Promise<Sdk> {
  return import('@modelcontextprotocol/server');
}
