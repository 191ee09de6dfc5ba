export { type Backoff, backoffMs } from './backoff.ts';
export { type Channel, createChannel } from './channel.ts';
export { type Clock, systemClock } from './clock.ts';
export { encodeId, ID_PATTERN, isId, newId } from './ids.ts';
export { type Random, seededRandom, systemRandom } from './random.ts';
export { Ring } from './ring.ts';
export { sleep } from './sleep.ts';
export { SlotMap } from './slot-map.ts';
export { createWheel, type Timed, type Wheel } from './wheel.ts';
