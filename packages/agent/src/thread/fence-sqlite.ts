import type sqlite from 'node:sqlite';

type Authorizer = NonNullable<Parameters<sqlite.DatabaseSync['setAuthorizer']>[0]>;

/** Node's permissions do not hold for SQLite, which opens whatever file it is told to, the house's own too. Agents' code has databases in memory only. */
export function fenceSqlite(): void {
  // Not imported: what `import` gives later is taken from here at the first import, and never again.
  const module = process.getBuiltinModule('node:sqlite');
  const { DatabaseSync, constants } = module;
  const { prototype } = DatabaseSync;
  const { open, setAuthorizer } = prototype as Partial<typeof prototype>;
  const judge: Authorizer = (action) => (action === constants.SQLITE_ATTACH ? constants.SQLITE_DENY : constants.SQLITE_OK);
  const fenced = new Proxy(DatabaseSync, {
    construct(target, [path, options]: [unknown, object?], newTarget) {
      if (path !== ':memory:' || setAuthorizer === undefined) throw restricted();
      const database = Reflect.construct(
        target,
        [':memory:', { ...options, allowExtension: false, open: false }],
        newTarget,
      ) as sqlite.DatabaseSync;
      if ((options as { readonly open?: unknown } | undefined)?.open !== false) database.open();
      return database;
    },
  });
  Object.assign(prototype, {
    constructor: fenced,
    open(this: sqlite.DatabaseSync): void {
      open?.call(this);
      setAuthorizer?.call(this, judge);
    },
    setAuthorizer: refuse,
  });
  Object.assign(module, { DatabaseSync: fenced, backup: refuse });
}

function refuse(): never {
  throw restricted();
}

function restricted(): Error {
  return new Error('Access to databases in files is restricted: agents open ":memory:" and attach nothing');
}
