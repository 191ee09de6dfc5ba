import { type LanguageModelV4, NoSuchModelError } from '@ai-sdk/provider';
import type { ClientOptions } from '@openclaw-runtime/client';
import { systemClock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { OpenClawClient } from '../node-client.ts';
import { createLine } from './line.ts';
import { createModel } from './model.ts';

/** Where the server is: `url` or `cluster`, one of them. */
export interface OpenClawProviderOptions extends Omit<ClientOptions, 'streaming' | 'autoReconnect'> {
  /** `ws://…`, `wss://…` or `http(s)://…`. */
  readonly url?: string;
  /** `agent://environment/cluster`, as the client looks it up. */
  readonly cluster?: string;
  /** Milliseconds without an answer under way after which the connection is closed, so that a program can end. Default 1000. */
  readonly idleMs?: number;
}

/** Agents and models of a server as models of the AI SDK. */
export interface OpenClawProvider {
  readonly specificationVersion: 'v4';
  /** `agent:NAME` is that agent; any other name that model, through the agent `default`. */
  (modelId: string): LanguageModelV4;
  languageModel(modelId: string): LanguageModelV4;
  /** Throws `NoSuchModelError`. */
  embeddingModel(modelId: string): never;
  /** Throws `NoSuchModelError`. */
  imageModel(modelId: string): never;
}

/**
 * A provider for the AI SDK over one WebSocket: what is streamed comes exactly once, whatever breaks or dies in between. It connects at the first call and closes
 * when nothing is under way. Throws `BAD_CONFIG`.
 */
export function createOpenClaw(options: OpenClawProviderOptions): OpenClawProvider {
  const { url, cluster, idleMs = 1_000, ...client } = options;
  const address = url ?? cluster;
  if (address === undefined || (url !== undefined && cluster !== undefined))
    throw new OpenClawError('BAD_CONFIG', 'Say where the server is: url or cluster, one of them.');
  const line = createLine(() => new OpenClawClient(client), address, client.clock ?? systemClock, idleMs);
  const languageModel = (modelId: string): LanguageModelV4 => createModel(line, modelId, address);
  return Object.assign((modelId: string) => languageModel(modelId), {
    specificationVersion: 'v4' as const,
    languageModel,
    embeddingModel: (modelId: string) => none(modelId, 'embeddingModel'),
    imageModel: (modelId: string) => none(modelId, 'imageModel'),
  });
}

function none(modelId: string, modelType: 'embeddingModel' | 'imageModel'): never {
  throw new NoSuchModelError({ modelId, modelType });
}
