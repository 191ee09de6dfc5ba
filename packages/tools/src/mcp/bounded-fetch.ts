import type { McpPorts } from './ports.ts';

/** Of one answer, which may be a stream of events. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** A fetch that adds headers to requests to one origin, their values asked for each time, and ends answers that never end. */
export function boundedFetch(
  fetch: McpPorts['fetch'],
  origin: string,
  headers: () => Promise<Readonly<Record<string, string>>>,
): McpPorts['fetch'] {
  return async (url, init = {}) => {
    const all = new Headers(init.headers);
    const ours = new URL(url).origin === origin ? await headers() : {};
    for (const [name, value] of Object.entries(ours)) if (!all.has(name)) all.set(name, value);
    const answer = await fetch(url, { ...init, headers: all });
    if (!answer.body || (answer.status >= 300 && answer.status < 400)) return answer;
    const { status, statusText, headers: told } = answer;
    return new Response(answer.body.pipeThrough(limited()), { status, statusText, headers: [...told] });
  };
}

function limited(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let left = MAX_ANSWER_BYTES;
  return new TransformStream({
    transform(chunk, controller) {
      left -= chunk.length;
      if (left < 0) controller.error(new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
