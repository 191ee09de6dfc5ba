/** A row of the table. */
export interface Row {
  readonly id: string;
  readonly attack: string;
  /** Why it is not counted. */
  readonly later?: string;
}

/** A test that ran. */
export interface Ran {
  readonly title: string;
  readonly status: string;
}

export interface Verdict {
  /** Rows whose tests passed, and rows that apply. */
  readonly green: number;
  readonly all: number;
  readonly later: readonly string[];
  readonly wrong: readonly string[];
}

/** Rows are `| A1 | attack | what the server does | test |`; where the test is `later`, the third column says why. */
export function parseTable(markdown: string): readonly Row[] {
  return [...markdown.matchAll(/^\| ([A-Z]\d+) \| (.+?) \| (.+?) \| (.+?) \|$/gm)].map(([, id = '', attack = '', does = '', test]) => ({
    id,
    attack,
    ...(test === 'later' && { later: does }),
  }));
}

/** A test is of the row whose id begins its title. One that was skipped proves nothing. */
export function judge(rows: readonly Row[], tests: readonly Ran[]): Verdict {
  const wrong: string[] = [];
  const byId = Map.groupBy(tests, ({ title }) => /^([A-Z]\d+) · /.exec(title)?.[1]);
  byId.delete(undefined);
  for (const id of byId.keys()) if (!rows.some((row) => row.id === id && !row.later)) wrong.push(`${id}: has tests and no row`);
  const applying = rows.filter(({ later }) => later === undefined);
  let green = 0;
  for (const { id, attack } of applying) {
    const own = byId.get(id) ?? [];
    const failed = own.filter(({ status }) => status === 'failed').length;
    const passed = own.filter(({ status }) => status === 'passed').length;
    if (failed > 0) wrong.push(`${id}: ${failed} of ${own.length} tests failed (${attack})`);
    else if (passed === 0) wrong.push(`${id}: no test passed (${attack})`);
    else green++;
  }
  return {
    green,
    all: applying.length,
    later: rows.flatMap(({ id, later }) => (later === undefined ? [] : [`${id} later: ${later}`])),
    wrong,
  };
}
