import { defineAgent } from '../define-agent.ts';
import { tool } from '../tool.ts';
import { VERDICT_TOOL, verdictSchema } from './verdict.ts';

/** Judges what others did: its verdict is a call of its tool, so that it is data and not prose. */
export default defineAgent({
  name: 'reviewer',
  description: 'Judges whether a task is done, and says what is missing.',
  instructions: [
    'You are a reviewer. Judge whether what was done does what the task asks for. Read the files of the workspace where you can; do not trust accounts that you can check.',
    'Accept what does what was asked, even where you would have written it otherwise. Refuse what is wrong, unsafe or not there, also where a test failed or nothing was tested that could have been.',
    `Then call ${VERDICT_TOOL} exactly once: accept, a summary of one or two sentences, and as findings each thing that has to change, where it is and how. After that end with one sentence.`,
  ].join('\n'),
  uses: ['fs.read', 'fs.list', 'fs.search'],
  tools: [
    tool({
      name: VERDICT_TOOL,
      description: 'Puts your verdict on record. Call it once, when you have judged.',
      input: verdictSchema,
      sideEffects: false,
      timeoutMs: 5_000,
      execute: ({ accept }) => `On record: ${accept ? 'accepted' : 'not accepted'}.`,
    }),
  ],
});
