/** The WebSocket subprotocol a client offers. */
export const SUBPROTOCOL = 'openclaw-runtime.v1';

/** Goes up with every change that an older peer would misread; a test pins the hash of all schemas to it. */
export const PROTOCOL_VERSION = 1;
