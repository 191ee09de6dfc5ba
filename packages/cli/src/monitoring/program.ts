import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained } from '../help/explained.ts';
import type { ExportOptions } from './export-alerts.ts';

/** Adds `claw alerts` and `claw dashboards`. */
export function addMonitoringCommands(program: Command, world: World, ended: (code: number) => void): void {
  const alerts = explained(program.command('alerts'), ALERTS);
  explained(alerts.command('export'), EXPORT_ALERTS)
    .option('--config <file>', 'configuration (default: $OPENCLAW_CONFIG, else ./openclaw.yaml)')
    .option('--json', 'print JSON, which Prometheus reads as well')
    .action(async (options: ExportOptions) => ended(await (await import('./export-alerts.ts')).exportAlerts(options, world)));

  const dashboards = explained(program.command('dashboards'), DASHBOARDS);
  explained(dashboards.command('export'), EXPORT_DASHBOARD)
    .option('--json', 'print it as one line')
    .action(async (options: { readonly json?: boolean }) =>
      ended(await (await import('./export-dashboard.ts')).exportDashboard(options, world)),
    );
}

const ALERTS = {
  description: 'Rules by which a Prometheus raises alerts; the server judges the thresholds itself too.',
  examples: [
    ['claw alerts export > openclaw.rules.yml', 'then name the file under rule_files in prometheus.yml'],
    ['claw alerts export --json | jq .groups[].name', 'for programs'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'there was an error'],
  ],
} as const;

const EXPORT_ALERTS = {
  description:
    'Print the rules: the thresholds of monitoring.alertThresholds, the error budget over several windows, and what may be wrong with the house itself.',
  examples: [
    ['claw alerts export > openclaw.rules.yml', 'with the thresholds of ./openclaw.yaml'],
    ['claw alerts export | promtool check rules /dev/stdin', 'as Prometheus sees them'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'the configuration is wrong'],
  ],
} as const;

const DASHBOARDS = {
  description: 'A dashboard for Grafana that shows a house on one screen.',
  examples: [
    ['claw dashboards export > openclaw.json', 'then import the file in Grafana'],
    ['claw dashboards export | jq -r ".panels[].title"', 'what is on it'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'there was an error'],
  ],
} as const;

const EXPORT_DASHBOARD = {
  description: 'Print the dashboard as JSON. It asks for the Prometheus that it reads from.',
  examples: [
    ['claw dashboards export > openclaw.json', 'then import the file in Grafana'],
    ['claw dashboards export | jq -r ".panels[].targets[].expr"', 'the queries'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'there was an error'],
  ],
} as const;
