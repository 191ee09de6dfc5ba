import { dirname } from 'node:path';

/** What looks up names needs it. */
const RESOLVER = '/run/systemd/resolve';

export interface HostSandbox {
  /** Path of `bwrap`. */
  readonly bubblewrap: string;
  /** Folder that hosts see nothing of, but for what they may write to. */
  readonly hidden: string;
  /** Folders that they may write to. They have to be there. */
  readonly writable: readonly string[];
}

/**
 * Words before a host's command: it sees no other process and can send none a signal, sees the machine's files read-only and nothing of the hidden folder, and has no
 * rights of root's. It has the network: what agents may reach is for the network to say. Sockets of services are files, and those in `/run` are not there; those elsewhere are.
 */
export function sandboxWords({ bubblewrap, hidden, writable }: HostSandbox): readonly string[] {
  return [
    bubblewrap,
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys', '--tmpfs', '/run'],
    ...['--ro-bind-try', RESOLVER, RESOLVER, '--tmpfs', hidden],
    ...writable.flatMap((path) => ['--bind', path, path]),
    ...['--chdir', dirname(hidden), '--'],
  ];
}
