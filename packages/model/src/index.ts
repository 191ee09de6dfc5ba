export { type BrokerOptions, createBroker } from './broker.ts';
export type { ModelConfig } from './catalogue.ts';
export type { Capabilities, ModelBroker, ModelEnd, ModelInfo, ModelRequest, ModelSink } from './contract/broker.ts';
export type { HttpAnswer, HttpClient, HttpPost, HttpRequest } from './http/port.ts';
export type { PrefixStyle } from './openai/capabilities.ts';
export { completionsUrl } from './openai/url.ts';
export {
  type OpenAiConfig,
  type ProviderConfig,
  type ResolvedProvider,
  resolveProvider,
  type SimulatedConfig,
  type Timeouts,
} from './resolve.ts';
export type { SimulatedOptions } from './simulated/options.ts';
export { simulatedText, simulatedTokens } from './simulated/text.ts';
