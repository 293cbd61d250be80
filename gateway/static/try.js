// The examples of /docs, run against this gateway: the answer is shown as it arrives.
"use strict";

const key = document.getElementById("key");
document.getElementById("try").hidden = false;
for (const article of document.querySelectorAll("article[data-path]")) prepare(article);

function prepare(article) {
  const { method, path, body } = article.dataset;
  const box = body === undefined ? null : make("textarea", { rows: 3, value: body });
  const button = make("button", { type: "button", textContent: "Run" });
  const status = make("span", { className: "status" });
  const shown = make("pre", { className: "answer", hidden: true, tabIndex: 0 });
  const name = `${method} ${path}`;
  box?.setAttribute("aria-label", `Body of ${name}`);
  status.setAttribute("role", "status");
  button.setAttribute("aria-label", `Run ${name}`);
  let running = null;
  button.addEventListener("click", async () => {
    if (running) return running.abort();
    running = new AbortController();
    button.textContent = "Stop";
    try {
      await run(method, path, box?.value, running.signal, status, shown);
    } catch (error) {
      status.textContent = error.name === "AbortError" ? "stopped" : "no answer";
    }
    running = null;
    button.textContent = "Run";
  });
  const line = make("p", { className: "run" });
  line.append(button, status);
  article.querySelector("pre").after(...(box ? [box] : []), line, shown);
}

async function run(method, path, body, signal, status, shown) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key.value) headers.Authorization = `Bearer ${key.value}`;
  const began = performance.now();
  const told = () => `${Math.round(performance.now() - began)} ms`;
  shown.textContent = "";
  shown.hidden = false;
  status.textContent = "asked";
  const answer = await fetch(path, { method, headers, body, signal });
  status.textContent = `${answer.status} after ${told()}`;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    shown.append(value);
    shown.scrollTop = shown.scrollHeight;
  }
  status.textContent = `${answer.status}, whole after ${told()}`;
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
