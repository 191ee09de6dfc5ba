import type { OpenClawError } from '@openclaw-runtime/protocol';
import { isObject } from '../call/event.ts';
import type { Speech } from '../call/speech.ts';
import type { Guard } from './wires.ts';

const MAX_LINE_BYTES = 16 * 1024 * 1024;
const LINE_FEED = 10;

/** Nothing but a limit: SDKs put a line together without one. */
export function createLineGuard(speech: Speech): Guard {
  let length = 0;
  return {
    take(pass) {
      const at = pass.lastIndexOf(LINE_FEED);
      length = at < 0 ? length + pass.length : pass.length - at - 1;
      return length > MAX_LINE_BYTES ? { pass, error: tooLong(speech) } : { pass };
    },
    end() {},
  };
}

/** Ollama's lines of JSON. Its SDK skips those it cannot read, reports of errors among them, and takes a broken answer for a whole one. */
export function createOllamaGuard(speech: Speech): Guard {
  /** Of a line whose end is still to come. */
  let begun = '';
  let decoder = new TextDecoder();
  return {
    take(packet) {
      let from = 0;
      for (let at = packet.indexOf(LINE_FEED); at >= 0; at = packet.indexOf(LINE_FEED, from)) {
        const line = begun + decoder.decode(packet.subarray(from, at));
        begun = '';
        decoder = new TextDecoder();
        const verdict = judge(line, speech);
        if (verdict === 'last') return { pass: packet.subarray(0, at + 1), done: true };
        if (verdict !== 'fine') return { pass: packet.subarray(0, from), error: verdict };
        from = at + 1;
      }
      begun += decoder.decode(packet.subarray(from), { stream: true });
      return begun.length > MAX_LINE_BYTES ? { pass: packet.subarray(0, from), error: tooLong(speech) } : { pass: packet };
    },
    end() {
      const verdict = judge(begun, speech);
      if (verdict !== 'last') throw verdict === 'fine' ? speech.failed('broke off in the middle of its answer') : verdict;
    },
  };
}

function tooLong(speech: Speech): OpenClawError {
  return speech.failed('sent a line over 16 MiB', 'PROVIDER_MALFORMED', 'Ask for less in one answer.');
}

/** Whether the SDK will read the line. */
function judge(line: string, speech: Speech): 'fine' | 'last' | OpenClawError {
  if (line.trim() === '') return 'fine';
  let chunk: unknown;
  try {
    chunk = JSON.parse(line);
  } catch {
    return speech.malformed('a line that is not JSON', line);
  }
  const error = isObject(chunk) ? chunk['error'] : undefined;
  if (error)
    return speech.failed(`reported an error in its answer: ${speech.tidy(typeof error === 'string' ? error : JSON.stringify(error))}`);
  if (!isObject(chunk) || !isReadable(chunk)) return speech.malformed('JSON that is no chat chunk', line);
  return chunk['done'] === true ? 'last' : 'fine';
}

function isReadable({ model, created_at: createdAt, done, message }: Readonly<Record<string, unknown>>): boolean {
  if (typeof model !== 'string' || typeof createdAt !== 'string' || typeof done !== 'boolean' || !isObject(message)) return false;
  const { content, role, thinking = '', tool_calls: calls } = message;
  return [content, role, thinking].every((field) => typeof field === 'string') && [calls ?? []].flat().every(isCall);
}

function isCall(call: unknown): boolean {
  return (
    isObject(call) && isObject(call['function']) && typeof call['function']['name'] === 'string' && isObject(call['function']['arguments'])
  );
}
