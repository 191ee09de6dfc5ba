// For programs that carry the server inside themselves, and for tests. Commands are not exported: they are the bin's.
export type { Api, ListQuery, RunList } from './commands/api.ts';
export { openHouse } from './compose.ts';
export type { AgentSettings, Config, LimitSettings, ModelSettings, ProviderSettings, ServerConfig } from './config/config.ts';
export type { ConfigPorts } from './config/ports.ts';
export { type ConfigFlags, DEFAULT_PORT, resolveConfig } from './config/resolve.ts';
export { createEmbedding, type Embedding } from './embedded.ts';
export { createForecaster, type Forecast, type ForecastAsked, type Forecaster, type Learned } from './forecast/forecaster.ts';
export type { House, HousePorts } from './house/house.ts';
export type { Owner } from './house/owner.ts';
export { Secret } from './secrets/secret.ts';
