/** As much of a run's id as somebody has to type; all of it where a part would look like an option. */
export function shortId(run: string | undefined): string {
  if (run === undefined) return 'RUN';
  return run.startsWith('-') ? run : run.slice(0, 8);
}
