export { checkListen } from './admission/access.ts';
export { GATEWAY_LIMITS, type GatewayLimits, type GatewayOptions, type Insight } from './admission/options.ts';
export { type Gateway, startGateway } from './gateway.ts';
