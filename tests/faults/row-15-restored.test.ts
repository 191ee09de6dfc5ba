// An older copy of the data is put in place: by claw restore's work, or by hand.
import { testRow } from './rows/test-row.ts';

testRow('restored', 'readers who know more than a restored copy are told to begin again, and never get two logs in one');
