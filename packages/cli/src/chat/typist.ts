import { INTERRUPTED } from '../commands/follow.ts';
import { type Draft, EMPTY_DRAFT, edit, sent } from './editor.ts';
import { createKeyDecoder, type Key } from './keys.ts';
import type { Screen } from './screen.ts';

/** What somebody at the keyboard brings about. */
export interface Deeds {
  isAnswering(): boolean;
  /** `interrupting`: the answer that comes is to stop for it. */
  submit(text: string, interrupting: boolean): void;
  /** Stops the answer that comes. */
  stop(): void;
  /** Something is typed while an answer comes: the screen is theirs. */
  hold(): void;
  hint(line: string): void;
  leave(code: number): void;
}

/** Reads the keyboard and keeps what is typed on the screen. */
export interface Typist {
  /** What a terminal sent; `undefined`: it is gone. */
  hear(data: string | undefined): void;
  /** Draws what is typed, where there is a place for it now. */
  show(): void;
}

export function createTypist(screen: Screen, deeds: Deeds): Typist {
  const decode = createKeyDecoder();
  let draft: Draft = EMPTY_DRAFT;
  /** Ctrl-C was pressed where there was nothing to stop. */
  let leaving = false;

  /** The input stands on the screen unless an answer comes and nothing is typed. */
  const show = (): void => {
    const answering = deeds.isAnswering();
    if (answering && draft.text === '') return screen.close();
    if (answering) deeds.hold();
    screen.open(draft.text, draft.cursor, answering);
  };

  const submit = (interrupting: boolean): void => {
    const { text } = draft;
    draft = sent(draft);
    deeds.submit(text, interrupting);
  };

  const interrupt = (): void => {
    if (deeds.isAnswering()) {
      if (draft.text.trim() === '') deeds.stop();
      else submit(true);
    } else if (draft.text !== '') {
      draft = sent({ ...draft, text: '' });
      show();
    } else if (leaving) deeds.leave(INTERRUPTED);
    else {
      leaving = true;
      deeds.hint('Ctrl-C again leaves');
    }
  };

  const press = (key: Key): void => {
    if (key.kind !== 'interrupt') leaving = false;
    if (key.kind === 'interrupt' || (key.kind === 'escape' && deeds.isAnswering())) return interrupt();
    if (key.kind === 'end-of-input' && draft.text === '') return deeds.leave(0);
    const isContinued = draft.text.slice(0, draft.cursor).endsWith('\\');
    if (key.kind === 'enter' && !isContinued) return submit(false);
    draft = key.kind === 'enter' ? edit(edit(draft, { kind: 'backspace' }), { kind: 'newline' }) : edit(draft, key);
    show();
  };

  return {
    hear(data) {
      if (data === undefined) deeds.leave(0);
      else decode(data).forEach(press);
    },
    show,
  };
}
