// How the page behaves for eyes, fingers, screen readers and slow phones.

import axe from "axe-core";
import { ask, inState, seen, settled, visit, words } from "./visit.mjs";

async function audit({ page }) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }),
  );
  return violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => node.html).join(" | ")}`,
  );
}

export async function axeStates(context, { url }) {
  const record = await visit(context, url);
  const found = { empty: await audit(record) };
  await ask(record, "[[n=300]] [[delay=0.02]]");
  await words(record, 5);
  found.streaming = await audit(record);
  await record.page.keyboard.press("Escape");
  await settled(record);
  found.stopped = await audit(record);
  await ask(
    record,
    "[[text=Code:\n```python\nprint('a rather long line of code that has to scroll sideways on a small screen')\n```\nDone.]]",
  );
  await settled(record);
  found.done = await audit(record);
  await ask(record, "[[n=6]] [[fault=err@3]]");
  await settled(record);
  await record.page.locator("article.answer summary").click();
  found.error = await audit(record);
  return found;
}

export async function structure(context, { url }) {
  const { page } = await visit(context, url);
  return page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    viewport: document.querySelector("meta[name=viewport]").content,
    landmarks: ["header", "main"].map((name) => document.querySelectorAll(name).length),
    noscript: document.querySelectorAll("noscript").length,
    headings: document.querySelectorAll("h1").length,
    inline: document.querySelectorAll("[style],style,script:not([src])").length,
    log: document.querySelectorAll("[role=log]").length,
    boxFont: parseFloat(getComputedStyle(document.getElementById("box")).fontSize),
  }));
}

export async function narrow(context, { url, width, prompt }) {
  const record = await visit(context, url);
  await record.page.setViewportSize({ width, height: 640 });
  await ask(record, prompt);
  await settled(record);
  return record.page.evaluate(() => {
    const visible = [...document.querySelectorAll("button,select,input,summary,textarea")].filter(
      (element) => element.checkVisibility() && element.offsetWidth > 1,
    );
    const scroll = document.getElementById("scroll");
    return {
      pageOverflow: document.documentElement.scrollWidth - innerWidth,
      logOverflow: scroll.scrollWidth - scroll.clientWidth,
      small: visible
        .filter((element) => element.offsetHeight < 44 || element.offsetWidth < 44)
        .map((element) => element.outerHTML),
      outside: visible
        .filter((element) => {
          const { left, right } = element.getBoundingClientRect();
          return left < 0 || right > innerWidth;
        })
        .map((element) => element.outerHTML),
      boxBottom: innerHeight - document.getElementById("box").getBoundingClientRect().bottom,
    };
  });
}

export async function still(context, { url }) {
  const record = await visit(context, url);
  await ask(record, "[[n=100]] [[delay=0.05]]");
  await words(record, 3);
  return record.page.evaluate(() => document.getAnimations().length);
}

export async function long(context, { url, tokens, slowdown }) {
  const record = await visit(context, url);
  const session = await context.newCDPSession(record.page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  await record.page.evaluate(() => (window.seen.longTasks.length = 0));
  await ask(record, `[[n=${tokens}]] [[delay=0.002]]`);
  await record.page.waitForFunction(() => document.body.dataset.state === "done", null, {
    timeout: 40000,
  });
  const { longTasks } = await seen(record);
  return {
    longest: Math.max(0, ...longTasks),
    count: longTasks.length,
    length: (await record.body.textContent()).length,
  };
}

export async function scrolledUp(context, { url }) {
  const record = await visit(context, url);
  await ask(record, "[[n=1500]] [[delay=0.002]]");
  await words(record, 600);
  const follows = await record.page.evaluate(() => {
    const s = document.getElementById("scroll");
    return s.scrollHeight - s.scrollTop - s.clientHeight;
  });
  await record.page.locator("#scroll").evaluate((scroll) => (scroll.scrollTop = 40));
  await record.page.waitForTimeout(100);
  const jump = await record.page.getByRole("button", { name: "Go to the end" }).isVisible();
  await words(record, 900);
  const left = await record.page.locator("#scroll").evaluate((scroll) => scroll.scrollTop);
  await record.page.getByRole("button", { name: "Go to the end" }).click();
  await settled(record);
  const end = await record.page.evaluate(() => {
    const s = document.getElementById("scroll");
    return s.scrollHeight - s.scrollTop - s.clientHeight;
  });
  return { follows, jump, left, end };
}

export async function hostile(context, { url, payloads }) {
  const record = await visit(context, url);
  const dialogs = [];
  record.page.on("dialog", (dialog) => (dialogs.push(dialog.message()), dialog.dismiss()));
  const before = await record.page.evaluate(() => document.querySelectorAll("*").length);
  const texts = [];
  for (const payload of payloads) {
    await ask(record, `[[ttft=0]] [[delay=0]] [[text=${payload}]]`);
    await inState(record, "submitted", "streaming", "done");
    await settled(record);
    texts.push(await record.body.textContent());
  }
  return {
    texts,
    dialogs,
    before,
    made: await record.page.evaluate(() =>
      [
        ...new Set(
          [...document.querySelectorAll("[role=log] *")].map((element) => element.localName),
        ),
      ].sort(),
    ),
    attributes: await record.page.evaluate(() =>
      [...document.querySelectorAll("[role=log] *")]
        .flatMap((e) => [...e.attributes])
        .map((a) => a.name)
        .filter((name) => /^on|href|src|style/.test(name)),
    ),
    pwned: await record.page.evaluate(() => window.pwned ?? null),
    foreign: record.requests.filter((request) => !request.includes(url)),
    ...(await seen(record)),
  };
}

// The examples of /docs: one is run, and the answer is seen growing.
export async function docs(context, { url }) {
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(`${url}/docs`);
  const article = page.locator('article[data-path="/v1/chat/completions"]');
  await article.getByRole("textbox").fill(
    '{"model": "default", "stream": true, "messages": [{"role": "user", "content": "[[n=30]] [[delay=0.03]]"}]}',
  );
  await article.getByRole("button").click();
  const shown = article.locator("pre.answer");
  await shown.getByText("data:").waitFor();
  const early = (await shown.innerText()).length;
  await article.getByText("whole after").waitFor();
  return {
    early,
    whole: await shown.innerText(),
    status: await article.getByRole("status").innerText(),
    violations: await audit({ page }),
    problems,
  };
}
