import type * as sdk from '@modelcontextprotocol/client';

/** The SDK, loaded when the first server is connected to. */
export type Sdk = typeof sdk;

export function loadSdk(): Promise<Sdk> {
  return import('@modelcontextprotocol/client');
}
