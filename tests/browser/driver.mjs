// Keeps one Chromium open and runs scenarios in it, one fresh context each.
// Reads a JSON object a line: {file, name, params}; answers with one: {value} or {error}.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const browser = await chromium.launch({
  executablePath: process.argv[2],
  headless: true,
  args: FLAGS,
});

async function run({ file, name, params }) {
  const scenarios = await import(`./scenarios/${file}.mjs`);
  const context = await browser.newContext({
    locale: "en-GB",
    viewport: { width: 1000, height: 700 },
    ...params.context,
  });
  context.setDefaultTimeout(15000);
  try {
    return { value: (await scenarios[name](context, params)) ?? null };
  } catch (error) {
    return { error: String(error.stack || error) };
  } finally {
    await context.close();
  }
}

process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
await browser.close();
