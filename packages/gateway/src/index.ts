export { checkListen } from './access.ts';
export { type Gateway, startGateway } from './gateway.ts';
export { GATEWAY_LIMITS, type GatewayLimits, type GatewayOptions } from './options.ts';
