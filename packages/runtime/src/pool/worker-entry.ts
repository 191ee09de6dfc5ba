// The entry of a worker. Node lets a worker read the process's working folder whatever its flags say; this one gives that back before any agent's code is there.
import { workerData } from 'node:worker_threads';
import type { WorkerData } from './worker.ts';

const { permission } = process as unknown as { readonly permission?: { drop?(scope: string, path: string): void } };
const { keepsFolder } = workerData as WorkerData;
if (!keepsFolder) permission?.drop?.('fs.read', process.cwd());
await import('@openclaw-runtime/agent/thread');
