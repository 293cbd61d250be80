// Clients of other makers against a gateway, unmodified. Usage: node clients.mjs BASE MODEL; run by
// run.py. Prints one JSON line a check.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import {createAnthropic} from '@ai-sdk/anthropic';
import {createOpenAI} from '@ai-sdk/openai';
import {generateText, streamText, tool} from 'ai';
import OpenAI from 'openai';
import {z} from 'zod';

const [base, model] = process.argv.slice(2);
const text = 'Kopi, café 🌴 and more';
const say = `[[text=${text}]]`;
const call = '[[tool=get_weather]][[args={"city":"Ubud"}]]';
const apiKey = 'any-key';
const schema = {type: 'object', properties: {city: {type: 'string'}}};

async function openaiChat() {
  const client = new OpenAI({baseURL: `${base}/v1`, apiKey, maxRetries: 0});
  const ask = (content, more = {}) => ({model, messages: [{role: 'user', content}], ...more});
  const whole = await client.chat.completions.create(ask(say));
  assert.equal(whole.choices[0].message.content, text);
  const stream = client.chat.completions.stream(ask(say, {stream_options: {include_usage: true}}));
  assert.equal(await stream.finalContent(), text);
  assert.ok((await stream.totalUsage()).completion_tokens > 0);
  const tools = [{type: 'function', function: {name: 'get_weather', parameters: schema}}];
  const called = await client.chat.completions.stream(ask(call, {tools})).finalChatCompletion();
  const made = called.choices[0].message.tool_calls[0].function;
  assert.deepEqual(JSON.parse(made.arguments), {city: 'Ubud'});
  const broken = client.chat.completions.stream(ask('[[n=9]][[fault=cut@4]]'));
  await assert.rejects(broken.finalContent());
}

async function openaiResponses() {
  const client = new OpenAI({baseURL: `${base}/v1`, apiKey, maxRetries: 0});
  assert.equal((await client.responses.create({model, input: say})).output_text, text);
  const final = await client.responses.stream({model, input: say}).finalResponse();
  assert.equal(final.output_text, text);
}

async function anthropic() {
  const client = new Anthropic({baseURL: base, apiKey, maxRetries: 0});
  const ask = (content, more = {}) =>
    ({model, max_tokens: 99, messages: [{role: 'user', content}], ...more});
  assert.equal((await client.messages.create(ask(say))).content[0].text, text);
  assert.equal(await client.messages.stream(ask(say)).finalText(), text);
  const tools = [{name: 'get_weather', input_schema: schema}];
  const called = await client.messages.stream(ask(call, {tools})).finalMessage();
  assert.deepEqual(called.content[0].input, {city: 'Ubud'});
  await assert.rejects(client.messages.stream(ask('[[n=9]][[fault=cut@4]]')).finalText());
}

async function aiSdk(chosen) {
  assert.equal((await generateText({model: chosen, prompt: say, maxRetries: 0})).text, text);
  const stream = streamText({model: chosen, prompt: say, maxRetries: 0});
  const pieces = [];
  for await (const piece of stream.textStream) pieces.push(piece);
  assert.equal(pieces.join(''), text);
  assert.ok(pieces.length > 3);
  assert.ok((await stream.usage).outputTokens > 0);
  const tools = {get_weather: tool({inputSchema: z.object({city: z.string()})})};
  const called = streamText({model: chosen, prompt: call, tools, maxRetries: 0});
  for await (const _ of called.fullStream);
  assert.deepEqual((await called.toolCalls)[0].input, {city: 'Ubud'});
  const errors = [];
  const broken = streamText({
    model: chosen, prompt: '[[n=9]][[fault=cut@4]]', maxRetries: 0, onError: (e) => errors.push(e),
  });
  for await (const part of broken.fullStream) if (part.type === 'error') errors.push(part);
  assert.ok(errors.length > 0);
}

const viaOpenAI = createOpenAI({baseURL: `${base}/v1`, apiKey});
const viaAnthropic = createAnthropic({baseURL: `${base}/v1`, apiKey});
const checks = [
  ['openai', 'chat', openaiChat],
  ['openai', 'responses', openaiResponses],
  ['@anthropic-ai/sdk', '', anthropic],
  ['@ai-sdk/openai', 'chat, streamText', () => aiSdk(viaOpenAI.chat(model))],
  ['@ai-sdk/openai', 'responses, streamText', () => aiSdk(viaOpenAI.responses(model))],
  ['@ai-sdk/anthropic', 'streamText', () => aiSdk(viaAnthropic(model))],
];
for (const [name, way, check] of checks) {
  const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
  const {version} = JSON.parse(readFileSync(manifest, 'utf8'));
  let problem = null;
  try {
    await check();
  } catch (error) {
    problem = `${error.name}: ${error.message}`.slice(0, 400);
  }
  console.log(JSON.stringify({client: way ? `${name} (${way})` : name, version, problem}));
}
process.exit(0);
