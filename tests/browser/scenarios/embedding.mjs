// Pages of another origin that use the gateway, with and without the shipped client.

export async function read(context, { page: address, waitMs = 0 }) {
  const page = await context.newPage();
  const lines = [];
  page.on("console", (message) => lines.push(message.text()));
  page.on("pageerror", (error) => lines.push(`uncaught: ${error.message}`));
  await page.goto(address);
  await page.waitForFunction(() => window.result, null, { timeout: 20000 });
  if (waitMs) await page.waitForTimeout(waitMs);
  return { result: await page.evaluate(() => window.result), console: lines };
}
