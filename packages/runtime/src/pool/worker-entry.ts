// The entry of a worker. Node lets a worker read the process's working folder whatever its flags say; this one gives that back before any agent's code is there.
import { constants, getPriority, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import type { WorkerData } from './worker.ts';

/** Agents that compute get a third of the processor time of a thread of the house, where there is too little for all: tokens of others do not wait for them. */
const STEPS = 5;

const { permission } = process as unknown as { readonly permission?: { drop?(scope: string, path: string): void } };
const { keepsFolder } = workerData as WorkerData;
if (!keepsFolder) permission?.drop?.('fs.read', process.cwd());
giveWay();
await import('@openclaw-runtime/agent/thread');

function giveWay(): void {
  // Elsewhere it would be the process's.
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(getPriority() + STEPS, constants.priority.PRIORITY_LOW));
  } catch {
    // A sandbox that forbids it is no reason to have no threads.
  }
}
