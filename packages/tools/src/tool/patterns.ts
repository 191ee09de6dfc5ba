/** Whether one of the patterns is this name, or its beginning where the pattern ends in `*`. */
export function matchesName(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name));
}
