// The demo page: wires the shipped client (window.Sluicegate) to the document.
// State lives in the client; this file paints it, once a frame.

import { Answer, BUSY, complaint, explain } from "./answer.js";
import { announce, at, button } from "./controls.js";
import { showEmbedding } from "./embedding.js";
import { make } from "./markup.js";
import { say, seconds, translate } from "./words.js";

const [box, log, scroll, notice, status, key] = [
  "box",
  "log",
  "scroll",
  "notice",
  "status",
  "key",
].map(at);
const app = new URLSearchParams(location.search).get("app") || "bali-zero";
const chat = window.Sluicegate.createChat({
  base: new URL(".", location.href.split(/[?#]/)[0]).href,
  app,
});

let shown = chat.snapshot; // what is on the screen
let answer = null; // the answer that the state belongs to
let framed = false;
let following = true;

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
  answer = new Answer(log, query, retry);
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
  at("embed").addEventListener("toggle", () => showEmbedding(chat.base, app), { once: true });
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
