// All clients lose their connections at one moment and come back at once.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('reconnect-storm', 'a client that is dropped with all others resumes, and the server stays small', withoutLinux);
