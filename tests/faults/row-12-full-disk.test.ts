// The disk is full, and then it is not.

import { canMount } from './claw/fill-disk.ts';
import { testRow } from './rows/test-row.ts';

testRow('full-disk', 'a full disk refuses new work with a word, and loses nothing', () =>
  canMount() ? undefined : 'needs the right to mount a small file system: root on Linux',
);
