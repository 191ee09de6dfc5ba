// The process of everything is killed in the middle of tasks, tools and operations.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('agents-kill', 'a kill in the middle of tasks whose agents have tools: nothing done or paid for twice', withoutLinux);
