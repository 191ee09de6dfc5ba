/** Which of the candidates is to be given: the one that most come to the same as; the critic has a vote of his own, and decides where votes are equal. */
export function voteOf(candidates: readonly string[], critique: string | undefined): number {
  const results = candidates.map(resultOf);
  const best = bestOf(critique ?? '', candidates.length);
  const votes = results.map((result, i) => results.filter((other) => other === result).length + (i === best ? 1 : 0));
  const most = Math.max(...votes);
  return best !== undefined && votes[best] === most ? best : votes.indexOf(most);
}

/** What an answer comes to: its last line, without what is only dress. */
function resultOf(text: string): string {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  return last
    .toLowerCase()
    .replace(/^.*\b(?:answer|result)\b.*?(?::|\bis\b|=)/, '')
    .replace(/[\s*_`$\\{}.]+/g, ' ')
    .trim();
}

/** The last word of the critic that names one. */
function bestOf(critique: string, count: number): number | undefined {
  const number = Number([...critique.matchAll(/\bbest\b(?:\W|answer|number|one|is)*(\d+)/gi)].at(-1)?.[1]);
  return Number.isInteger(number) && number >= 1 && number <= count ? number - 1 : undefined;
}
