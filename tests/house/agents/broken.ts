// A module that is broken where it is imported.
const parts: string[] = [];

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default (parts[0] as string).trim();
