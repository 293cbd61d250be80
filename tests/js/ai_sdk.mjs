// The AI SDK's own transport and reader. Usage: node ai_sdk.mjs BASE [OTHER]; prints one JSON line a
// case. What is resumed is resumed at OTHER.
import {DefaultChatTransport, readUIMessageStream} from 'ai';

const base = process.argv[2];
const transport = new DefaultChatTransport({api: `${base}/api/chat`});
const other = new DefaultChatTransport({api: `${process.argv[3] ?? base}/api/chat`});
const message = (text) => ({id: 'm1', role: 'user', parts: [{type: 'text', text}]});
const say = (name, value) => console.log(JSON.stringify({name, ...value}));

async function last(stream) {
  let seen = null;
  for await (const state of readUIMessageStream({stream, terminateOnError: true})) seen = state;
  return seen;
}

async function ask(name, text) {
  const options = {chatId: name, messages: [message(text)], trigger: 'submit-message'};
  try {
    say(name, {message: await last(await transport.sendMessages(options))});
  } catch (error) {
    say(name, {error: String(error.message)});
  }
}

async function resume() {
  const control = new AbortController();
  const stream = await transport.sendMessages({
    chatId: 'resumed', messages: [message('[[n=30]][[delay=0.03]]')], trigger: 'submit-message',
    abortSignal: control.signal,
  });
  const reader = stream.getReader();
  for (let i = 0; i < 8; i += 1) await reader.read();
  control.abort();
  const again = await other.reconnectToStream({chatId: 'resumed'});
  say('resumed', {message: await last(again)});
  say('after', {stream: await other.reconnectToStream({chatId: 'resumed'})});
  say('unknown', {stream: await other.reconnectToStream({chatId: 'never'})});
}

await ask('text', '[[text=Kopi 🌴 dulu]]');
await ask('steps', '[[reasoning=Hm.]][[text=Wait.]][[tool=a]][[args={"x":1}]][[tool=b]]');
await ask('error', '[[n=9]][[fault=err@3]]');
await ask('cut', '[[n=9]][[fault=cut@3]]');
await resume();
