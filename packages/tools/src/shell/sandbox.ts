/** What of the machine every sandbox sees, where it is there: programs and what they load; nobody's data. */
const SYSTEM: readonly string[] = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/passwd',
  '/etc/group',
  '/etc/ssl',
  '/etc/ca-certificates',
];

/** What programs need to find others by name. */
const NETWORK: readonly string[] = ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/services'];

export interface Sandbox {
  readonly workspace: string;
  readonly network: boolean;
  /** More folders that programs may read. */
  readonly readable: readonly string[];
}

/** Arguments of `bwrap` that come before those of the program: all of the machine is away but what is named here, and all can be read only but the workspace. */
export function sandboxArgs({ workspace, network, readable }: Sandbox): readonly string[] {
  const seen = [...SYSTEM, ...(network ? NETWORK : []), ...readable];
  return [
    '--unshare-all',
    ...(network ? ['--share-net'] : []),
    '--die-with-parent',
    // No way back into the terminal of whoever started the server.
    '--new-session',
    '--cap-drop',
    'ALL',
    '--hostname',
    'sandbox',
    '--proc',
    '/proc',
    // Where the server runs as root, the kernel's settings are writable without any capability, and bubblewrap leaves them so.
    '--ro-bind',
    '/proc/sys',
    '/proc/sys',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
    ...seen.flatMap((path) => ['--ro-bind-try', path, path]),
    '--bind',
    workspace,
    workspace,
    '--remount-ro',
    '/',
    '--chdir',
    workspace,
    '--',
  ];
}
