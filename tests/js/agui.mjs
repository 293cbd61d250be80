// AG-UI's own client, which checks the order and the fields of events. Usage: node agui.mjs BASE.
import {HttpAgent} from '@ag-ui/client';

const base = process.argv[2];

async function ask(name, content) {
  const events = [];
  const agent = new HttpAgent({
    url: `${base}/agui`, threadId: 't1', initialMessages: [{id: '1', role: 'user', content}],
  });
  const result = await agent.runAgent({}, {onEvent: ({event}) => { events.push(event.type); }});
  console.log(JSON.stringify({name, messages: result.newMessages, last: events.at(-1)}));
}

await ask('text', '[[text=Kopi 🌴 dulu]]');
await ask('steps', '[[reasoning=Hm.]][[text=Wait.]][[tool=a]][[args={"x":1}]][[tool=b]]');
await ask('error', '[[n=9]][[fault=err@3]]');
await ask('cut', '[[n=9]][[fault=cut@3]]');
