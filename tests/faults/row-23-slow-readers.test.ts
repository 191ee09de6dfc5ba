// Viewers that read a byte a second, or nothing.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('slow-readers', 'a slow viewer costs the server little and its neighbours nothing', withoutLinux);
