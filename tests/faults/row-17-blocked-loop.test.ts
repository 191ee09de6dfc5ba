// A server's process that stands still for seconds, and threads whose agents compute for seconds.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('blocked-loop', 'a loop that stands still for seconds, the server’s or a thread’s', withoutLinux);
