// The demo page: wires the shipped client (window.Sluicegate) to the document.
// State lives in the client; this file paints it, once a frame.

import { Markup, make } from "./markup.js";
import { count, has, language, milliseconds, say, seconds, translate } from "./words.js";

const at = (id) => document.getElementById(id);
const [box, log, scroll, notice, status, key] = [
  "box",
  "log",
  "scroll",
  "notice",
  "status",
  "key",
].map(at);
const BUSY = ["submitted", "streaming", "reconnecting"];
const app = new URLSearchParams(location.search).get("app") || "bali-zero";
const chat = window.Sluicegate.createChat({
  base: new URL(".", location.href.split(/[?#]/)[0]).href,
  app,
});

let shown = chat.snapshot; // what is on the screen
let answer = null; // the answer that the state belongs to
let framed = false;
let following = true;

function announce(text, urgent = false) {
  at(urgent ? "alert" : "say").textContent = text;
}

function button(words, act, quiet = true) {
  const element = make("button", {
    type: "button",
    textContent: say(words),
    className: quiet ? "quiet" : "",
  });
  element.addEventListener("click", () => act(element));
  return element;
}

async function copy(text, element, words) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", { value: text, className: "unseen" }); // no clipboard outside secure contexts
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    element.focus();
  }
  element.textContent = say("copied");
  announce(say("copied"));
  setTimeout(() => (element.textContent = say(words)), 2000);
}

const copyButton = (words, read) => button(words, (element) => copy(read(), element, words));

function message(who, ...children) {
  const element = make("article", { className: who }, ...children);
  element.setAttribute("aria-label", say(who));
  log.append(element);
  return element;
}

/** One answer on the screen, with the question it belongs to. */
class Answer {
  constructor(query) {
    this.query = query;
    this.question = query ? message("you", make("p", { dir: "auto", textContent: query })) : null;
    this.body = make("div", { dir: "auto", className: "body" });
    this.foot = make("footer");
    this.element = message("answer", this.body, this.foot);
    this.markup = new Markup(this.body, (read) => copyButton("copyCode", read));
  }

  paint(state) {
    if (this.closed) return;
    this.markup.paint(state.text, !BUSY.includes(state.state));
    this.element.classList.toggle("waiting", !state.text && BUSY.includes(state.state));
    this.element.classList.toggle("writing", state.state === "streaming");
    this.foot.textContent = state.state === "submitted" ? say("thinking") : timing(state);
  }

  /** Adds what a finished answer offers; `problem` says why it is not whole. */
  close(state, problem) {
    this.closed = true;
    const cut =
      ["length", "content_filter"].includes(state.finishReason) && say(state.finishReason);
    const remarks = [!state.error && problem, cut, state.resumed && say("resumed")].filter(Boolean);
    const { text } = state;
    const actions = make("p", { className: "actions" });
    if (text) actions.append(copyButton("copy", () => text));
    const again = problem && this.query ? [button("retry", retry)] : [];
    if (state.error) this.foot.before(complaint(state.error, again, text && say("incomplete")));
    else actions.append(...again);
    this.foot.prepend(
      actions,
      ...remarks.map((remark) => make("span", { className: "remark", textContent: remark })),
    );
  }

  remove() {
    this.question?.remove();
    this.element.remove();
  }
}

function timing({ timing: { firstTokenMs, perTokenMs, tokens }, metrics, usage, resumed }) {
  if (resumed && metrics && usage) {
    tokens = usage.output_tokens;
    firstTokenMs = metrics.first_token_ms;
    perTokenMs = (metrics.duration_ms - firstTokenMs) / Math.max(1, tokens - 1);
  } else if (resumed) return "";
  if (firstTokenMs === null || perTokenMs === null) return "";
  return say("timing", milliseconds(firstTokenMs), milliseconds(perTokenMs), count(tokens));
}

/** Words for people. The server's own words and the request id are a detail. */
function explain({ code, status: http }) {
  if (has(code)) return say(code);
  if (http === 401) return say("unauthorized");
  if (http === 403) return say("forbidden");
  if (http === 413) return say("too_long");
  if (http >= 400 && http < 500) return say("invalid");
  if (http === 503 || code === "shutdown") return say("overloaded");
  if (/^timeout|^http_504/.test(code)) return say("timeout");
  return say(code === "upstream_truncated" ? "lost" : "failed");
}

function complaint(error, buttons, more) {
  const facts = [
    error.code,
    error.message,
    error.detail,
    error.requestId && `request id: ${error.requestId}`,
  ].filter(Boolean);
  return make(
    "div",
    { className: "notice" },
    make("p", { textContent: [explain(error), more].filter(Boolean).join(" ") }),
    make(
      "details",
      {},
      make("summary", { textContent: say("details") }),
      ...facts.map((fact) => make("p", { textContent: fact })),
    ),
    ...buttons,
  );
}

/** Nothing was answered: the prompt goes back into the box, and a notice says why. */
function giveBack(state) {
  box.value = box.value ? `${answer.query}\n${box.value}` : answer.query;
  grow();
  answer.remove();
  answer = null;
  if (state.state === "limited") return;
  at("keys").hidden = state.error.status !== 401 && at("keys").hidden;
  const again = state.error.retryable ? [button("retry", submit)] : [];
  notice.replaceChildren(...complaint(state.error, again).childNodes);
  notice.hidden = false;
  announce(explain(state.error), true);
  if (state.error.status === 401) key.focus();
}

function paint() {
  framed = false;
  const state = chat.snapshot;
  const before = shown;
  shown = state;
  answer?.paint(state);
  if (state.state !== before.state) enter(state, before);
  if (state.state === "limited") status.textContent = say("limited", seconds(state.retryAfterS));
  if (following) scroll.scrollTop = scroll.scrollHeight;
}

/** What happens once when a state begins. */
function enter(state, before) {
  const busy = BUSY.includes(state.state);
  const limited = state.state === "limited";
  document.body.dataset.state = state.state;
  at("stop").hidden = !busy;
  at("send").hidden = busy;
  at("send").disabled = limited;
  status.hidden = !limited && state.state !== "reconnecting";
  if (state.state === "reconnecting") announce((status.textContent = say("reconnecting")));
  else if (busy && before.state === "reconnecting") announce(say("connected"));
  else if (limited) announce(say("limited", seconds(state.retryAfterS)));
  if (answer && !busy) finish(state);
  // Not at once: the last words are no news for a screen reader, which hears that the answer is complete.
  setTimeout(() => log.setAttribute("aria-busy", String(chat.busy)), 50);
  layout();
}

function finish(state) {
  if (state.streamId === null && state.state !== "stopped") return giveBack(state);
  if (state.state === "done") answer.close(state);
  if (state.state === "stopped") answer.close(state, say("stopped"));
  if (state.state === "error") answer.close(state, explain(state.error));
  if (state.state === "error") announce(`${explain(state.error)} ${say("incomplete")}`, true);
  else announce(say(state.state === "done" ? "complete" : "stopped"));
}

function layout() {
  at("welcome").hidden = log.childElementCount > 0;
  at("fresh").hidden = log.childElementCount === 0;
}

function schedule() {
  if (framed) return;
  framed = true;
  if (document.hidden)
    setTimeout(paint, 100); // frames stop in hidden tabs
  else requestAnimationFrame(paint);
}

function begin(query) {
  log.setAttribute("aria-busy", "true");
  notice.hidden = true;
  at("alert").textContent = "";
  answer = new Answer(query);
  following = true;
  announce(say("writing"));
  layout();
}

function submit() {
  const query = box.value;
  box.focus();
  if (chat.busy) return announce(say("wait"));
  if (chat.state === "limited") return announce(status.textContent);
  if (!query.trim()) return;
  box.value = "";
  grow();
  begin(query);
  chat.options.apiKey = key.value || undefined;
  chat.send(query, { model: at("model").value || undefined });
}

function retry() {
  box.focus();
  if (chat.busy || chat.state === "limited") return;
  const { query } = answer;
  answer.remove();
  begin(query);
  chat.retry();
}

function stop() {
  chat.stop();
  box.focus();
}

function grow() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

async function listModels() {
  const headers = key.value ? { Authorization: `Bearer ${key.value}` } : {};
  const response = await fetch("v1/models", { headers }).catch(() => null);
  if (response?.status === 401) at("keys").hidden = false;
  const { data = [] } = response?.ok ? await response.json() : {};
  if (data.length < 2) return;
  at("model").replaceChildren(
    make("option", { value: "", textContent: say("standard") }),
    ...data.map(({ id }) => make("option", { value: id, textContent: id })),
  );
  at("models").hidden = false;
}

/** The lines that put the client on another site, pinned to the bytes that this server serves. */
async function showEmbedding() {
  const address = new URL("client/v1.js", chat.base).href;
  const bytes = await fetch(address).then((response) => response.arrayBuffer());
  const digest = await crypto.subtle?.digest("SHA-384", bytes); // secure contexts only
  const hash = digest && btoa(String.fromCharCode(...new Uint8Array(digest)));
  const pin = hash ? `\n  integrity="sha384-${hash}" crossorigin="anonymous"` : "";
  const lines = `\`\`\`html
<form id="ask"><input name="question"></form>
<p id="answer"></p>
<script src="${address}"${pin}></script>
<script>
  const chat = Sluicegate.createChat({ app: "${app}" });
  chat.subscribe((state) => { answer.textContent = state.text; });
  ask.onsubmit = (event) => { event.preventDefault(); chat.send(ask.question.value); };
</script>
\`\`\``;
  const code = make("div");
  new Markup(code, (read) => copyButton("copyCode", read)).paint(lines, true);
  at("embed").append(code);
}

function listen() {
  chat.subscribe(schedule);
  at("composer").addEventListener("submit", (event) => (event.preventDefault(), submit()));
  at("stop").addEventListener("click", stop);
  at("jump").addEventListener("click", () => ((following = true), paint(), box.focus()));
  at("fresh").addEventListener(
    "click",
    () => (chat.reset(), (answer = null), log.replaceChildren(), paint(), layout(), box.focus()),
  );
  box.addEventListener("input", grow);
  key.addEventListener("change", listModels);
  at("embed").addEventListener("toggle", showEmbedding, { once: true });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && chat.busy && stop());
  scroll.addEventListener(
    "scroll",
    () => {
      following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
      at("jump").hidden = following || log.childElementCount === 0;
    },
    { passive: true },
  );
}

translate(document);
box.placeholder = say("placeholder");
for (const name of ["example1", "example2", "example3"]) {
  at("examples").append(
    make(
      "li",
      {},
      button(name, (element) => ((box.value = element.textContent), submit())),
    ),
  );
}
listen();
listModels();
if (chat.resume()) begin("");
