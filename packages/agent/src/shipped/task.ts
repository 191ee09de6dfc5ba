import { defineAgent } from '../define-agent.ts';
import { operation } from '../operation.ts';
import { carryOut } from './flow.ts';
import { taskSchema } from './task-words.ts';

/** A task: a run whose children are the runs of several agents. */
export default defineAgent({
  name: 'task',
  description: 'Has several agents work on one task: all at once, one after the other, or in rounds until a reviewer accepts.',
  operations: {
    flow: operation({
      description: 'Carries out a task.',
      args: taskSchema,
      run: (ctx, args) => carryOut(args, (agent, input, options) => ctx.run(agent, input, options)),
    }),
  },
});
