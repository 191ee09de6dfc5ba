// A page with the hook as its documentation has it. The chat's id is in the address; what was said by the person is kept by the page, as an application would.
import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport, type UIMessage } from 'ai';
import { createElement as h, type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';

const id = location.hash.slice(1);
const kept = JSON.parse(sessionStorage.getItem(id) ?? '[]') as UIMessage[];

function ChatPage(): ReactElement {
  const { messages, sendMessage, status } = useChat({
    id,
    messages: kept,
    resume: true,
    transport: new DefaultChatTransport<UIMessage>({ api: '/v1/chat', body: { model: 'text?gap=80' } }),
  });
  const ask = (): void => {
    const question: UIMessage = { id: `q${messages.length}`, role: 'user', parts: [{ type: 'text', text: 'Go.' }] };
    sessionStorage.setItem(id, JSON.stringify([question]));
    void sendMessage(question);
  };
  const text = messages
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')))
    .join('');
  return h(
    'main',
    null,
    h('button', { id: 'ask', onClick: ask }, 'Ask'),
    h('output', { id: 'text' }, text),
    h('output', { id: 'status' }, `${status} ${messages.length}`),
  );
}

const root = document.createElement('div');
document.body.append(root);
createRoot(root).render(h(ChatPage));
