// A bit flips, the end of a file is lost, a sector reads as zeros.
import { testRow } from './rows/test-row.ts';

testRow('damage', 'what the disk changed is never given out as an answer, and one damaged run does not close the house');
