import type { LeaseMeter, MeteredRun } from '@openclaw-runtime/store';
import { LogMeter } from './log-meter.ts';
import { RunMeter } from './run-meter.ts';

/** What a store's engine tells: of groups of records, of each run that is given to an owner, and of commands. */
export class HouseMeter extends LogMeter {
  leased(run: MeteredRun): LeaseMeter {
    return new RunMeter(run, this);
  }

  command(kind: string): void {
    const { commands } = this.series;
    commands.add(commands.at(kind));
  }
}
