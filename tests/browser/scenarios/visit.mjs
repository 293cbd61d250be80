// A page under observation, and the words by which a person finds its controls.

const BUSY = /^(submitted|streaming|reconnecting)$/;

// Runs in the page before its own scripts.
function observe() {
  const seen = { states: [], said: [], logChanges: 0, violations: [], longTasks: [], focusLost: 0 };
  window.seen = seen;
  addEventListener(
    "securitypolicyviolation",
    (event) => seen.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    true,
  );
  new PerformanceObserver((list) =>
    seen.longTasks.push(...list.getEntries().map((entry) => entry.duration)),
  ).observe({ type: "longtask" });
  addEventListener("DOMContentLoaded", () => {
    const log = document.querySelector("[role=log]");
    new MutationObserver((records) => {
      for (const { target, type } of records) {
        const element = target.nodeType === 1 ? target : target.parentElement;
        if (type === "attributes" && target === document.body)
          seen.states.push(document.body.dataset.state);
        else if (
          type !== "attributes" &&
          element?.closest("[role=status],[role=alert]") &&
          element.textContent
        )
          seen.said.push(element.textContent);
        else if (
          type !== "attributes" &&
          log?.contains(target) &&
          log.getAttribute("aria-busy") !== "true"
        )
          seen.logChanges += 1;
      }
    }).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributeFilter: ["data-state"],
    });
    document.addEventListener("focusout", () =>
      requestAnimationFrame(() => (seen.focusLost += document.activeElement === document.body)),
    );
  });
}

export async function visit(context, url, path = "/") {
  const page = await context.newPage();
  const record = { page, console: [], requests: [], bodies: [] };
  page.on(
    "console",
    (message) =>
      ["error", "warning"].includes(message.type()) && record.console.push(message.text()),
  );
  page.on("pageerror", (error) => record.console.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    record.requests.push(`${request.method()} ${request.url()}`);
    if (request.method() === "POST") record.bodies.push(request.postData());
  });
  await page.addInitScript(observe);
  await page.goto(url + path);
  record.box = page.getByRole("textbox", { name: /message|pesan|messaggio/i });
  record.send = page.getByRole("button", { name: /^(send|kirim|invia)$/i });
  record.stop = page.getByRole("button", { name: /^(stop|berhenti|ferma)$/i });
  record.answer = page.locator("article.answer").last();
  record.body = record.answer.locator(".body");
  return record;
}

export async function ask(record, prompt) {
  await record.box.fill(prompt);
  await record.box.press("Enter");
}

export const inState = ({ page }, ...states) =>
  page.waitForFunction((wanted) => wanted.includes(document.body.dataset.state), states);

export const settled = async ({ page }) => {
  await page.waitForFunction(
    (busy) => document.body.dataset.state && !new RegExp(busy).test(document.body.dataset.state),
    BUSY.source,
    { timeout: 40000 },
  );
  await page.waitForFunction(
    () => document.querySelector("[role=log]").getAttribute("aria-busy") === "false",
  );
};

export const words = ({ page }, count) =>
  page.waitForFunction(
    (wanted) =>
      (document.querySelector("article.answer:last-of-type .body")?.textContent || "").split(/\s+/)
        .length > wanted,
    count,
  );

export const seen = ({ page }) => page.evaluate(() => window.seen);
export const text = ({ body }) => body.textContent();
export const focused = ({ page }) =>
  page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
