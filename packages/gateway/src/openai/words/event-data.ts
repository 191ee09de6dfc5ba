/** Line ends by Unicode, at which some clients end a line that only a line feed ends. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** JSON on one line, whatever a client takes for the end of one. */
export function eventData(data: object): string {
  return JSON.stringify(data).replace(LINE_ENDS, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
