// A person chats: typing, reading, stopping, waiting, trying again.

import { ask, focused, inState, seen, settled, text, visit, words } from "./visit.mjs";

export async function answer(context, { url, prompt }) {
  const record = await visit(context, url);
  const before = {
    busy: await record.page.locator("[role=log]").getAttribute("aria-busy"),
    focus: await focused(record),
    key: await record.page.getByLabel("API key").isVisible(),
  };
  await ask(record, prompt);
  await settled(record);
  return {
    before,
    ...(await seen(record)),
    text: await text(record),
    box: await record.box.inputValue(),
    focus: await focused(record),
    foot: await record.answer.locator("footer").innerText(),
    console: record.console,
    requests: record.requests,
    storage: await record.page.evaluate(() => ({
      local: { ...localStorage },
      session: { ...sessionStorage },
      address: location.href,
    })),
    resources: await record.page.evaluate(() =>
      [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .filter((entry) => !/\/api\/|\/v1\//.test(entry.name))
        .map((entry) => ({
          name: entry.name,
          decoded: entry.decodedBodySize,
          encoded: entry.encodedBodySize,
        })),
    ),
  };
}

export async function typing(context, { url }) {
  const record = await visit(context, url);
  await record.box.pressSequentially("first");
  await record.box.press("Shift+Enter");
  await record.box.pressSequentially("second");
  const lines = await record.box.inputValue();
  await record.box.evaluate((box) => {
    box.dispatchEvent(
      new KeyboardEvent("keydown", {
        key: "Enter",
        isComposing: true,
        bubbles: true,
        cancelable: true,
      }),
    );
  });
  const composing = await record.box.inputValue();
  await record.box.fill("   ");
  await record.box.press("Enter");
  const blank = record.bodies.length;
  await ask(record, "[[n=40]] [[delay=0.03]]");
  await words(record, 3);
  await record.box.pressSequentially("typed ahead");
  await record.box.press("Enter");
  const ahead = {
    value: await record.box.inputValue(),
    posts: record.bodies.length,
    focus: await focused(record),
  };
  await settled(record);
  return { lines, composing, blank, ahead, afterwards: await record.box.inputValue() };
}

export async function followUp(context, { url }) {
  const record = await visit(context, url);
  await ask(record, "[[text=The capital is Jakarta.]]");
  await settled(record);
  await ask(record, "[[text=Yes.]]");
  await settled(record);
  await record.page.getByRole("button", { name: "New chat" }).click();
  const cleared = await record.page.locator("article").count();
  await ask(record, "[[text=Fresh.]]");
  await settled(record);
  return { bodies: record.bodies.map((body) => JSON.parse(body)), cleared };
}

export async function stop(context, { url, by }) {
  const record = await visit(context, url);
  await ask(record, "[[n=400]] [[delay=0.03]]");
  await words(record, 5);
  const before = await text(record);
  const began = Date.now();
  if (by === "Escape") await record.page.keyboard.press("Escape");
  else await record.stop.click();
  await inState(record, "stopped");
  const tookMs = Date.now() - began;
  const kept = await text(record);
  await record.page.waitForTimeout(600);
  return {
    tookMs,
    before,
    kept,
    later: await text(record),
    focus: await focused(record),
    ...(await seen(record)),
    foot: await record.answer.innerText(),
  };
}

export async function limited(context, { url }) {
  const record = await visit(context, url);
  await ask(record, "[[text=one]] [[ttft=0]]");
  await settled(record);
  await ask(record, "the second question");
  await inState(record, "limited");
  const during = {
    box: await record.box.inputValue(),
    enabled: await record.send.isEnabled(),
    status: await record.page.locator("#status").innerText(),
    messages: await record.page.locator("article").count(),
    focus: await focused(record),
  };
  await record.page.waitForTimeout(2100);
  during.later = await record.page.locator("#status").innerText();
  await inState(record, "ready");
  const after = { enabled: await record.send.isEnabled(), box: await record.box.inputValue() };
  const said = (await seen(record)).said;
  await record.send.click();
  await settled(record);
  return {
    during,
    after,
    said,
    answers: await record.page.locator("article.answer").count(),
    final: await record.page.evaluate(() => document.body.dataset.state),
  };
}

export async function failure(context, { url, prompt }) {
  const record = await visit(context, url);
  await ask(record, prompt);
  await settled(record);
  const shown = record.page.locator(".notice:visible").last();
  const words = await shown.innerText();
  await shown.locator("summary").click();
  const result = {
    ...(await seen(record)),
    words,
    details: await shown.locator("details").innerText(),
    text: (await record.page.locator("article.answer").count()) ? await text(record) : null,
    box: await record.box.inputValue(),
    alert: await record.page.locator("[role=alert]").textContent(),
  };
  const posts = record.bodies.length;
  const again = record.page.getByRole("button", { name: "Try again" });
  result.retry = (await again.count()) > 0;
  if (result.retry) {
    await again.click();
    await settled(record);
    result.posts = record.bodies.length - posts;
    result.answers = await record.page.locator("article.answer").count();
  }
  return result;
}

export async function key(context, { url, secret }) {
  const record = await visit(context, url);
  const field = record.page.getByLabel("API key");
  await field.waitFor({ state: "visible" });
  const early = await focused(record);
  await ask(record, "[[text=welcome]]");
  await inState(record, "error");
  const asked = {
    visible: await field.isVisible(),
    focus: await focused(record),
    box: await record.box.inputValue(),
  };
  await field.fill(secret);
  await record.box.press("Enter");
  await settled(record);
  return {
    early,
    asked,
    text: await text(record),
    requests: record.requests,
    storage: await record.page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
    ),
  };
}

export async function copying(context, { url, prompt }) {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
  const record = await visit(context, url);
  await ask(record, prompt);
  await settled(record);
  const read = () => record.page.evaluate(() => navigator.clipboard.readText());
  await record.answer.getByRole("button", { name: "Copy", exact: true }).click();
  const whole = await read();
  await record.answer.getByRole("button", { name: "Copy code" }).first().click();
  return {
    whole,
    code: await read(),
    blocks: await record.answer.locator("pre code").allTextContents(),
    prose: await record.answer.locator(".prose").allTextContents(),
  };
}

export async function reload(context, { url, prompt }) {
  const record = await visit(context, url);
  await ask(record, prompt);
  await words(record, 6);
  const storage = await record.page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]),
  );
  await record.page.reload();
  await record.page.waitForFunction(
    () => document.querySelector("article.answer .body")?.textContent,
  );
  const early = await text(record);
  await settled(record);
  return {
    storage,
    early,
    text: await text(record),
    posts: record.bodies.length,
    kept: await record.page.evaluate(() => sessionStorage.length),
    ...(await seen(record)),
  };
}

export async function stopAfterReload(context, { url, secret }) {
  const record = await visit(context, url);
  await record.page.getByLabel("API key").fill(secret);
  await ask(record, "[[n=400]] [[delay=0.03]]");
  await words(record, 3);
  await record.page.reload();
  await words(record, 3);
  await record.stop.click();
  await settled(record);
  await record.page.waitForTimeout(300);
  const state = await record.page.evaluate(() => document.body.dataset.state);
  return { state, warnings: record.console.filter((line) => line.startsWith("Sluicegate")) };
}

export async function cut(context, { url, prompt }) {
  const record = await visit(context, url);
  await ask(record, prompt);
  await inState(record, "reconnecting");
  const during = {
    text: await text(record),
    status: await record.page.locator("#status").innerText(),
    busy: await record.page.locator("[role=log]").getAttribute("aria-busy"),
  };
  await settled(record);
  return {
    during,
    text: await text(record),
    whole: await record.answer.innerText(),
    details: await record.answer.locator("details").allTextContents().then(String),
    posts: record.bodies.length,
    ...(await seen(record)),
  };
}

export async function language(context, { url, prompt }) {
  const record = await visit(context, url);
  await ask(record, prompt);
  await settled(record);
  return record.page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    send: document.getElementById("send").textContent,
    label: document.querySelector("label[for=box]").textContent,
    direction: getComputedStyle(document.querySelector("article.answer .body")).direction,
    foot: document.querySelector("article.answer footer").innerText,
  }));
}

export async function embedding(context, { url }) {
  const record = await visit(context, url);
  await record.page.getByText("Put this chat on your own site").click();
  return record.page.locator("#embed pre").textContent();
}

export async function reasoning(context, { url, prompt }) {
  const record = await visit(context, url);
  await ask(record, prompt);
  await settled(record);
  return {
    text: await record.body.locator(".prose").allTextContents(),
    reasoning: await record.answer.locator("details p").allTextContents(),
    calls: await record.body.locator("pre").allTextContents(),
  };
}
