const CHILDREN: Readonly<Record<string, readonly string[]>> = {
  alertThresholds: ['latencyP99', 'errorRate', 'threadPoolUtilization'],
  cluster: ['maxThreads', 'adaptiveReasoning', 'streaming', 'tokenInterval', 'snapshotInterval'],
  monitoring: ['metricsPath', 'prometheusEnabled', 'alertThresholds'],
};

/**
 * Cluster files are often pasted from pages that lost the indentation: `cluster:` stands empty and its keys stand
 * beside it. Such keys go back to where they belong; a file with its indentation is returned as it is.
 */
export function withIndentation(file: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = { ...file };
  for (const [parent, children] of Object.entries(CHILDREN)) {
    if (!(parent in result) || result[parent] !== null) continue;
    const own = children.filter((key) => key in result);
    result[parent] = Object.fromEntries(own.map((key) => [key, result[key]]));
    for (const key of own) delete result[key];
  }
  return result;
}
