export { findPackage } from './ai-sdk/load-package.ts';
export { type BrokerChange, type BrokerOptions, type ChangingBroker, createBroker } from './broker.ts';
export type { PrefixStyle } from './capabilities/traits.ts';
export type { ModelConfig } from './catalogue.ts';
export type {
  Capabilities,
  Handover,
  Level,
  Leveled,
  ModelBroker,
  ModelEnd,
  ModelInfo,
  ModelRequest,
  ModelSink,
} from './contract/broker.ts';
export { RelaySink } from './contract/relay-sink.ts';
export { mayAnswerElsewhere } from './failure/elsewhere.ts';
export type { HttpAnswer, HttpClient, HttpRequest, HttpSend } from './http/port.ts';
export type { ReasoningStyle } from './levels/dialect.ts';
export type { CallLimits } from './limits/call-limits.ts';
export { completionsUrl } from './openai/url.ts';
export {
  type AiSdkConfig,
  type AnthropicConfig,
  type GeminiConfig,
  type OllamaConfig,
  type OpenAiConfig,
  type ProviderConfig,
  type ResolvedProvider,
  resolveProvider,
  type SimulatedConfig,
  type Timeouts,
} from './resolve.ts';
export type { SimulatedOptions } from './simulated/options.ts';
export { simulatedText, simulatedTokens } from './simulated/text.ts';
