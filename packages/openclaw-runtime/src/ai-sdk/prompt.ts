import {
  type LanguageModelV4Message,
  type LanguageModelV4Prompt,
  type LanguageModelV4ToolResultOutput,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';
import type { Message, ToolCall } from '@openclaw-runtime/protocol';

type Part<R extends LanguageModelV4Message['role']> = Exclude<
  Extract<LanguageModelV4Message, { readonly role: R }>['content'],
  string
>[number];

/** A prompt as a run's input. What a model thought belongs to that model, and what an agent's own tools did to that agent: neither is told again. Throws `UnsupportedFunctionalityError` for files. */
export function messagesOf(prompt: LanguageModelV4Prompt): readonly Message[] {
  return prompt.flatMap(messageOf);
}

/** What a session has not heard yet. */
export function newsOf(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  return prompt.slice(prompt.findLastIndex(({ role }) => role === 'assistant') + 1);
}

function messageOf(message: LanguageModelV4Message): readonly Message[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [{ role: 'user', content: message.content.map(userText).join('') }];
    case 'assistant':
      return assistantOf(message.content);
    case 'tool':
      return message.content.flatMap(resultOf);
    default:
      throw unsupported('a message of an unknown role');
  }
}

function userText(part: Part<'user'>): string {
  if (part.type === 'text') return part.text;
  throw unsupported('files in prompts');
}

function assistantOf(parts: readonly Part<'assistant'>[]): readonly Message[] {
  let content = '';
  const toolCalls: ToolCall[] = [];
  for (const part of parts) {
    if (part.type === 'text') content += part.text;
    else if (part.type === 'tool-call' && part.providerExecuted !== true)
      toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: JSON.stringify(part.input ?? {}) });
    else if (part.type === 'file' || part.type === 'reasoning-file') throw unsupported('files in prompts');
  }
  if (toolCalls.length > 0) return [{ role: 'assistant', content, toolCalls }];
  // Providers refuse answers that are empty.
  return content === '' ? [] : [{ role: 'assistant', content }];
}

function resultOf(part: Part<'tool'>): readonly Message[] {
  // What a person answered stands in the result that follows it.
  if (part.type !== 'tool-result') return [];
  return [{ role: 'tool', toolCallId: part.toolCallId, content: outputText(part.output) }];
}

function outputText(output: LanguageModelV4ToolResultOutput): string {
  switch (output.type) {
    case 'text':
    case 'error-text':
      return output.value;
    case 'json':
    case 'error-json':
      return JSON.stringify(output.value);
    case 'execution-denied':
      return output.reason ?? 'The call was denied.';
    case 'content':
      return output.value
        .map((part) => {
          if (part.type === 'text') return part.text;
          throw unsupported('files in results of tools');
        })
        .join('');
    default:
      throw unsupported('a result of an unknown type');
  }
}

function unsupported(functionality: string): UnsupportedFunctionalityError {
  return new UnsupportedFunctionalityError({ functionality });
}
