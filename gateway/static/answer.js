// One answer on the screen: its words, what it took, and what went wrong, in words for people.

import { button, copyButton } from "./controls.js";
import { Markup, make } from "./markup.js";
import { count, has, milliseconds, say } from "./words.js";

export const BUSY = ["submitted", "streaming", "reconnecting"];

function message(log, who, ...children) {
  const element = make("article", { className: who }, ...children);
  element.setAttribute("aria-label", say(who));
  log.append(element);
  return element;
}

/** One answer on the screen, with the question it belongs to. */
export class Answer {
  constructor(log, query, retry) {
    this.query = query;
    this.retry = retry;
    this.question = query
      ? message(log, "you", make("p", { dir: "auto", textContent: query }))
      : null;
    this.body = make("div", { dir: "auto", className: "body" });
    this.foot = make("footer");
    this.element = message(log, "answer", this.body, this.foot);
    this.markup = new Markup(this.body, (read) => copyButton("copyCode", read));
  }

  paint(state) {
    if (this.closed) return;
    this.markup.paint(state.text, !BUSY.includes(state.state));
    this.element.classList.toggle("waiting", !state.text && BUSY.includes(state.state));
    this.element.classList.toggle("writing", state.state === "streaming");
    this.foot.textContent =
      BUSY.includes(state.state) && !state.text ? say("thinking") : timing(state);
    if (state.reasoning) this.paintReasoning(state.reasoning);
  }

  paintReasoning(text) {
    if (!this.reasoning) {
      this.reasoning = document.createTextNode("");
      const prose = make("p", { dir: "auto" }, this.reasoning);
      this.body.before(
        make("details", {}, make("summary", { textContent: say("reasoning") }), prose),
      );
    }
    this.reasoning.appendData(text.slice(this.reasoning.length));
  }

  /** Adds what a finished answer offers; `problem` says why it is not whole. */
  close(state, problem) {
    this.closed = true;
    const cut =
      ["length", "content_filter"].includes(state.finishReason) && say(state.finishReason);
    const remarks = [!state.error && problem, cut, state.resumed && say("resumed")].filter(Boolean);
    const { text } = state;
    const calls = state.toolCalls.map((call) => `${call.name}(${call.arguments})`).join("\n");
    if (calls) this.body.append(make("pre", { dir: "ltr", tabIndex: 0, textContent: calls }));
    const actions = make("p", { className: "actions" });
    if (text) actions.append(copyButton("copy", () => text));
    const again = problem && this.query ? [button("retry", this.retry)] : [];
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
export function explain({ code, status: http }) {
  if (has(code)) return say(code);
  if (http === 401) return say("unauthorized");
  if (http === 403) return say("forbidden");
  if (http === 413) return say("too_long");
  if (http >= 400 && http < 500) return say("invalid");
  if (http === 503 || code === "shutdown") return say("overloaded");
  if (/^timeout|^http_504/.test(code)) return say("timeout");
  return say(code === "upstream_truncated" ? "lost" : "failed");
}

/** The box of a failure: what happened, its details, and what can be done. */
export function complaint(error, buttons, more) {
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
