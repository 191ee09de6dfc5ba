/** What a message says, behind its speaker's name: for APIs that have no place for names. */
export function spoken({ content, name }: { readonly content: string; readonly name?: string }): string {
  return name === undefined || content === '' ? content : `${name}: ${content}`;
}
