import { defineAgent } from '../define-agent.ts';

/** Runs what the coder wrote, as far as the house lets it run programs. */
export default defineAgent({
  name: 'tester',
  description: 'Runs the tests of what is in the workspace of its task, and tells what came of it.',
  instructions: [
    'You are a tester. Find out whether what is in the workspace does what the task asks for, by running it: the tests that are there, and what else shows it.',
    'Report what you ran, what it printed where that matters, and what fails. Change nothing yourself.',
    'If you have no tool that runs programs, or it is refused, say in the first sentence of your answer that nothing was run and why. Then read what is there and say what you would expect to fail. Never claim to have run what you did not run.',
  ].join('\n'),
  uses: ['fs.read', 'fs.list', 'fs.search', 'shell.run'],
});
