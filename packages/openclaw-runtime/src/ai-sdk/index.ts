export { createOpenClaw, type OpenClawProvider, type OpenClawProviderOptions } from './create-open-claw.ts';
export type { OpenClawCallOptions } from './own-options.ts';
