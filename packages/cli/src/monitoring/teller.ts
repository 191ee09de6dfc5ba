import type { AlertState, FiringAlert, Monitor } from '@openclaw-runtime/metrics';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { State } from '@openclaw-runtime/store';
import { createWebhook, type WebhookOptions } from '../machine/webhook.ts';
import { type AlertMessage, openAlertMemory } from './alert-memory.ts';

/** Tells a webhook of alerts, each at least once, whatever becomes of the process in between. */
export interface Teller extends Disposable {
  /** Alerts that it was told fire. */
  readonly firing: readonly FiringAlert[];
  readonly tell: (state: AlertState) => void;
}

export async function openTeller(options: WebhookOptions, state: State): Promise<Teller> {
  const memory = await openAlertMemory(state, (error) =>
    options.log(`claw: what is told of alerts would not outlive this process: ${OpenClawError.from(error).message}`),
  );
  const webhook = createWebhook(options);
  const send = async (message: AlertMessage): Promise<void> => {
    if (await webhook.send(message)) memory.told(message);
  };
  for (const message of memory.untold) void send(message);
  return {
    firing: memory.firing,
    tell(alert) {
      const message = { id: `${alert.alert}-${alert.phase}-${alert.sinceMs}`, ...messageOf(alert) };
      // Not before it is known that it is to be told: a process that dies in between tells it again.
      void memory.changed(alert, message).then(() => send(message));
    },
    [Symbol.dispose]: () => webhook[Symbol.dispose](),
  };
}

/** What is said of the alerts that fire. */
export function firingIn(monitor: Pick<Monitor, 'alerts'> | undefined): readonly object[] {
  return (monitor?.alerts ?? []).filter(({ phase }) => phase === 'firing').map(messageOf);
}

/** What `/readyz` and the webhook say of an alert. */
export function messageOf({ alert, phase, value, threshold, sinceMs }: AlertState) {
  return { alert, phase, value: Number(value.toPrecision(4)), threshold, since: new Date(sinceMs).toISOString() };
}
