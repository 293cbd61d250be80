/*! sluicegate client, version 1. Apache-2.0. No dependency. Types: client.d.ts.
 *
 * One file for every way of loading it:
 *   <script src=".../client/v1.js"></script>   classic script, sets the global `Sluicegate`
 *   import ".../client/v1.js"                  ES module, sets the same global
 *   require("sluicegate-client")               CommonJS and bundlers
 * It has no `export` statement, because that would be a syntax error in a classic script.
 * Named exports for browsers without a bundler: `import { createChat } from ".../client.mjs"`.
 *
 *   const chat = Sluicegate.createChat({ app: "bali-zero" });
 *   chat.subscribe((answer) => { output.textContent = answer.text; });
 *   form.onsubmit = (event) => { event.preventDefault(); chat.send(box.value); };
 */
(function (root, script) {
  "use strict";

  /** @typedef {import("./client.js").ChatOptions} ChatOptions */
  /** @typedef {import("./client.js").Snapshot} Snapshot */
  /** @typedef {import("./client.js").Failure} Failure */
  /** @typedef {import("./client.js").Turn} Turn */
  /** @typedef {{type: string, data: any, sequence?: number}} StreamEvent */
  /** @typedef {{event(e: StreamEvent): void, trouble(attempt: number, delayMs: number): void, lost(failure: Failure): void}} LineHooks */
  /** @typedef {{query: string, key: string, model?: string, stopped?: boolean}} Run */

  const BUSY = ["submitted", "streaming", "reconnecting"];
  const DEFAULTS = {
    base: script && script.src ? script.src.replace(/(static\/)?client(\/v\d+)?\.m?js.*$/, "") : "",
    app: "bali-zero",
    /** @type {RequestCredentials} */ credentials: "same-origin",
    historyTurns: 20,
    historyChars: 24000,
    silenceMs: 45000,
    attempts: 8,
    backoffMs: 500,
    backoffCapMs: 15000,
  };
  /** @type {Snapshot} */
  const READY = {
    state: "ready",
    text: "",
    reasoning: "",
    toolCalls: [],
    streamId: null,
    model: null,
    sequence: 0,
    finishReason: null,
    usage: null,
    metrics: null,
    error: null,
    retryAfterS: 0,
    attempt: 0,
    resumed: false,
    timing: { firstTokenMs: null, perTokenMs: null, tokens: 0 },
  };

  /** @returns {string} */
  function unique() {
    if (root.crypto.randomUUID) return root.crypto.randomUUID(); // secure contexts only
    return Array.from(root.crypto.getRandomValues(new Uint8Array(16)), (n) =>
      n.toString(16).padStart(2, "0"),
    ).join("");
  }

  /** Seconds of a Retry-After header, which is a number or a date. @param {string | null} value */
  function secondsOf(value) {
    if (!value) return 0;
    const seconds = /^\d+$/.test(value.trim())
      ? Number(value)
      : (Date.parse(value) - Date.now()) / 1000;
    return Math.max(0, Math.ceil(seconds) || 0);
  }

  /** @param {string} code @param {string} message @param {Partial<Failure>} [more] @returns {Failure} */
  function failure(code, message, more) {
    return {
      code,
      message,
      detail: "",
      status: 0,
      requestId: null,
      retryable: false,
      retryAfterS: 0,
      ...more,
    };
  }

  /** What an answer with an error status says, problem+json or not. @param {Response} response */
  async function problemOf(response) {
    const { status, headers } = response;
    const body = await response.json().catch(() => ({}));
    return failure(
      body.code || `http_${status}`,
      body.title || response.statusText || `HTTP ${status}`,
      {
        detail: typeof body.detail === "string" ? body.detail : "",
        status,
        requestId: body.request_id || headers.get("x-request-id"),
        retryable: status === 408 || status === 429 || status >= 500,
        retryAfterS: secondsOf(headers.get("retry-after")),
      },
    );
  }

  /**
   * Follows one stream with EventSource until its terminal event, over any number of connections.
   * Every event reaches `hooks.event` exactly once and in order.
   */
  class Line {
    /** @type {EventSource | null} */ #source = null;
    /** @type {any} */ #timer = 0;
    /** @type {any} */ #watchdog = 0;
    #attempt = 0; // since the last new event; an open connection alone is no progress
    #sequence = 0;
    #lastId = "";
    #seen = 0;
    #heard = false;
    #closed = false;

    /** @param {URL} url @param {typeof DEFAULTS} options @param {LineHooks} hooks */
    constructor(url, options, hooks) {
      this.url = url;
      this.options = options;
      this.hooks = hooks;
      this.#watchdog = setInterval(() => this.#watch(), options.silenceMs / 4);
      root.addEventListener?.("online", this);
      root.addEventListener?.("pageshow", this);
      this.#open();
    }

    close() {
      this.#closed = true;
      clearTimeout(this.#timer);
      clearInterval(this.#watchdog);
      root.removeEventListener?.("online", this);
      root.removeEventListener?.("pageshow", this);
      this.#source?.close();
    }

    /** The network is back, or the page came out of the back/forward cache. @param {any} event */
    handleEvent(event) {
      if (event.type === "online" || event.persisted) this.#open();
    }

    #address() {
      const url = new URL(this.url);
      if (this.#lastId) url.searchParams.set("last_event_id", this.#lastId);
      return url.href;
    }

    #open() {
      if (this.#closed) return;
      clearTimeout(this.#timer);
      this.#source?.close();
      this.#seen = Date.now();
      this.#heard = false;
      const source = new EventSource(this.#address(), {
        withCredentials: this.options.credentials === "include",
      });
      source.onmessage = (message) => this.#receive(message);
      source.onerror = () => this.#fail(source);
      this.#source = source;
    }

    /** @param {MessageEvent} message */
    #receive(message) {
      if (this.#closed) return;
      this.#seen = Date.now();
      this.#heard = true;
      /** @type {StreamEvent} */
      let event;
      try {
        event = JSON.parse(message.data);
      } catch {
        return; // the gap in the sequence makes the next event ask for it again
      }
      const sequence = event.sequence;
      if (sequence !== undefined && event.type !== "error") {
        if (sequence <= this.#sequence && event.type !== "done") return; // a replay that overlaps
        if (sequence > this.#sequence + 1 && event.type !== "snapshot") return this.#later();
        this.#sequence = sequence;
        this.#lastId = message.lastEventId;
        this.#attempt = 0;
      }
      if (event.type === "done" || event.type === "error") this.close();
      this.hooks.event(event);
    }

    /** @param {EventSource} source */
    #fail(source) {
      if (this.#closed || source !== this.#source) return;
      if (source.readyState === EventSource.CLOSED) return void this.#refused();
      if (this.#attempt >= 3) return this.#later();
      this.#attempt += 1; // the browser tries again by itself, with Last-Event-ID
      this.hooks.trouble(this.#attempt, 0);
    }

    /** EventSource hides why it was refused; a plain request for the same stream tells. */
    async #refused() {
      const source = this.#source;
      const stop = new AbortController();
      const deadline = setTimeout(() => stop.abort(), 10000);
      let waitS = 0;
      try {
        const { credentials } = this.options;
        const response = await fetch(this.#address(), {
          credentials,
          signal: stop.signal,
          headers: { Accept: "text/event-stream" },
        });
        if (this.#closed || source !== this.#source) return;
        if (response.status === 204)
          return this.#lose(failure("gone", "The answer is no longer kept"));
        if (!response.ok) {
          const problem = await problemOf(response);
          if (!problem.retryable) return this.#lose(problem);
          waitS = problem.retryAfterS;
        }
      } catch {
        // No network: the backoff decides.
      } finally {
        clearTimeout(deadline);
        stop.abort();
      }
      if (source === this.#source) this.#later(waitS * 1000);
    }

    /** Opens again after a pause that grows, is capped, and differs from tab to tab. */
    #later(atLeastMs = 0) {
      if (this.#closed) return;
      const { attempts, backoffMs, backoffCapMs } = this.options;
      this.#source?.close();
      this.#attempt += 1;
      if (this.#attempt > attempts)
        return this.#lose(
          failure("network", "The connection could not be restored", { retryable: true }),
        );
      const pauseMs =
        Math.min(backoffCapMs, backoffMs * 2 ** (this.#attempt - 1)) * (0.5 + Math.random() / 2);
      const delayMs = Math.max(atLeastMs, pauseMs);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#open(), delayMs);
      this.#seen = Date.now() + delayMs;
      this.hooks.trouble(this.#attempt, delayMs);
    }

    /** Heartbeats are comments, which scripts cannot see: after a long silence the line is renewed. */
    #watch() {
      if (Date.now() - this.#seen < this.options.silenceMs) return;
      if (this.#heard) this.#open();
      else this.#later();
    }

    /** @param {Failure} reason */
    #lose(reason) {
      this.close();
      this.hooks.lost(reason);
    }
  }

  /** One conversation: one answer at a time, with its state. See client.d.ts. */
  class Chat {
    /** @type {Set<(snapshot: Snapshot) => void>} */ #listeners = new Set();
    /** @type {Snapshot} */ #snapshot = READY;
    /** @type {Turn[]} */ #turns = [];
    /** @type {Run | null} */ #run = null;
    /** @type {Line | null} */ #line = null;
    /** @type {any} */ #countdown = 0;
    /** @type {(() => void)[]} */ #waiting = [];
    #url = "";
    #sentAt = 0;
    #firstAt = 0;

    /** @param {ChatOptions} [options] */
    constructor(options) {
      this.options = { ...DEFAULTS, ...options };
      const page = root.location ? root.location.href : undefined;
      this.base = new URL(this.options.base || "/", page).href.replace(/\/*$/, "/");
      this.api = `${this.base}api/v2/${encodeURIComponent(this.options.app)}/`;
      this.memory = `sluicegate:${this.api}`;
      this.subscribe = this.subscribe.bind(this);
    }

    get snapshot() {
      return this.#snapshot;
    }

    get state() {
      return this.#snapshot.state;
    }

    get busy() {
      return BUSY.includes(this.state);
    }

    get turns() {
      return this.#turns.slice();
    }

    /** @param {(snapshot: Snapshot) => void} listener */
    subscribe(listener) {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    }

    /** @param {string} query @param {{signal?: AbortSignal, model?: string}} [options] */
    send(query, { signal, model } = {}) {
      if (this.busy)
        return Promise.reject(new Error("An answer is being written; stop() it first."));
      const run = { query, key: unique(), model: model || this.options.model };
      return this.#start(run, signal);
    }

    /** @param {{signal?: AbortSignal}} [options] */
    retry({ signal } = {}) {
      const last = this.#run;
      if (this.busy || !last || !last.query) return Promise.resolve(this.#snapshot);
      // A request that may have arrived keeps its key, so that it is not paid for twice.
      const key = this.#snapshot.error?.code === "network" && !this.#url ? last.key : unique();
      if (this.state === "stopped") this.#forgetTurn(last.query);
      return this.#start({ ...last, key, stopped: false }, signal);
    }

    stop() {
      const run = this.#run;
      if (!run || !this.busy) return Promise.resolve(this.#snapshot);
      run.stopped = true;
      if (this.#url) this.#delete(this.#url);
      // The line stays open for a moment: its last event brings the usage.
      const line = this.#line;
      setTimeout(() => line?.close(), 3000);
      this.#finish("stopped", { finishReason: "cancelled" });
      return Promise.resolve(this.#snapshot);
    }

    /** Goes on with the answer that a reload interrupted; false where there is none. */
    resume() {
      const { id, url } = this.#recall();
      if (this.busy || !url) return false;
      const run = { query: "", key: "" };
      this.#begin(run);
      this.#set({ streamId: id, resumed: true });
      this.#follow(run, url);
      return true;
    }

    reset() {
      if (this.busy) this.stop();
      this.#line?.close();
      this.#run = null;
      this.#turns = [];
      clearTimeout(this.#countdown);
      this.#set(READY);
    }

    /** @param {Partial<Snapshot>} change */
    #set(change) {
      this.#snapshot = { ...this.#snapshot, ...change };
      for (const listener of this.#listeners) {
        try {
          listener(this.#snapshot);
        } catch (error) {
          root.reportError ? root.reportError(error) : console.error(error);
        }
      }
    }

    /** @param {Run} run */
    #begin(run) {
      this.#line?.close();
      clearTimeout(this.#countdown);
      this.#run = run;
      this.#url = "";
      this.#sentAt = performance.now();
      this.#firstAt = 0;
      this.#set({ ...READY, state: "submitted" });
    }

    /** @param {Run} run @param {AbortSignal} [signal] */
    async #start(run, signal) {
      const ended = new Promise((resolve) => this.#waiting.push(() => resolve(this.#snapshot)));
      this.#begin(run);
      const abort = () => void (this.#run === run && this.stop());
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort, { once: true });
      if (!run.stopped) await this.#create(run);
      await ended;
      signal?.removeEventListener("abort", abort);
      return this.#snapshot;
    }

    /** @param {string} [key] */
    #headers(key) {
      /** @type {Record<string, string>} */
      const headers = { ...this.options.headers };
      if (this.options.apiKey) headers.Authorization = `Bearer ${this.options.apiKey}`;
      if (key)
        Object.assign(headers, { "Content-Type": "application/json", "Idempotency-Key": key });
      return headers;
    }

    /** @param {Run} run */
    async #create(run) {
      const body = {
        query: run.query,
        conversation_history: this.#history(),
        model: run.model,
        ...this.options.body,
      };
      let response, created;
      try {
        response = await fetch(`${this.api}streams`, {
          method: "POST",
          headers: this.#headers(run.key),
          credentials: this.options.credentials,
          body: JSON.stringify(body),
        });
        created = response.ok ? await response.json() : await problemOf(response);
      } catch (error) {
        const reason = await this.#unreachable(error);
        return void (this.#run === run && !run.stopped && this.#finish("error", { error: reason }));
      }
      if (response.ok && run.stopped) return this.#delete(created.url);
      if (this.#run !== run || run.stopped) return;
      if (response.ok) {
        this.#set({ streamId: created.id });
        this.#remember(created);
        return this.#follow(run, created.url);
      }
      if (response.status === 429) return this.#limit(created);
      this.#finish("error", { error: created });
    }

    /** @param {Run} run @param {string} url */
    #follow(run, url) {
      this.#url = url;
      this.#line = new Line(new URL(url, this.base), this.options, {
        event: (event) => void (this.#run === run && this.#apply(event, run)),
        trouble: (attempt) =>
          void (this.#run === run && !run.stopped && this.#set({ state: "reconnecting", attempt })),
        lost: (error) =>
          void (this.#run === run && !run.stopped && this.#finish("error", { error })),
      });
    }

    /** @param {StreamEvent} event @param {Run} run */
    #apply(event, run) {
      const { type, data, sequence = this.#snapshot.sequence } = event;
      const { text, reasoning } = this.#snapshot;
      if (run.stopped) {
        if (type === "done")
          this.#set({ usage: data.usage || null, metrics: data.metrics || null });
        return;
      }
      /** @type {Snapshot["state"]} */
      const state = text || reasoning ? "streaming" : "submitted";
      if (type === "metadata")
        this.#set({ state, streamId: data.stream_id, model: data.model || null });
      else if (type === "token")
        this.#set({ state: "streaming", text: text + data, sequence, timing: this.#clock() });
      else if (type === "reasoning")
        this.#set({ state: "streaming", reasoning: reasoning + data, sequence });
      else if (type === "snapshot") this.#set({ state: "streaming", text: data, sequence });
      else if (type === "tool_call")
        this.#set({ state: "streaming", toolCalls: this.#merge(data), sequence });
      else if (type === "done") this.#done(data, sequence);
      else if (type === "error")
        this.#finish("error", {
          error: failure(data.code, data.message, { retryable: !!data.retryable }),
        });
    }

    /** @param {any} data @param {number} sequence */
    #done(data, sequence) {
      const {
        finish_reason: finishReason,
        usage = null,
        metrics = null,
        model = this.#snapshot.model,
      } = data;
      this.#finish(finishReason === "cancelled" ? "stopped" : "done", {
        finishReason,
        usage,
        metrics,
        model,
        sequence,
      });
    }

    /** @param {any} part */
    #merge({ index, id, name, arguments: fragment }) {
      const calls = this.#snapshot.toolCalls.slice();
      const call = calls[index] || { id, name, arguments: "" };
      calls[index] = { ...call, arguments: call.arguments + (fragment || "") };
      return calls;
    }

    #clock() {
      const now = performance.now();
      const tokens = this.#snapshot.timing.tokens + 1;
      if (!this.#firstAt) this.#firstAt = now;
      const perTokenMs = tokens > 1 ? (now - this.#firstAt) / (tokens - 1) : null;
      return { firstTokenMs: this.#firstAt - this.#sentAt, perTokenMs, tokens };
    }

    /** @param {Snapshot["state"]} state @param {Partial<Snapshot>} change */
    #finish(state, change) {
      const query = this.#run?.query;
      const { text } = this.#snapshot;
      this.#forget();
      if (query && text && state !== "error") {
        this.#turns.push({ role: "user", content: query }, { role: "assistant", content: text });
      }
      this.#set({ state, attempt: 0, ...change });
      this.#waiting.splice(0).forEach((wake) => wake());
    }

    /** @param {Failure} error */
    #limit(error) {
      const until = Date.now() + Math.max(1, error.retryAfterS) * 1000;
      const tick = () => {
        const leftMs = until - Date.now();
        if (leftMs <= 0) return this.#set({ state: "ready", error: null, retryAfterS: 0 });
        this.#set({ state: "limited", error, retryAfterS: Math.ceil(leftMs / 1000) });
        this.#countdown = setTimeout(tick, leftMs % 1000 || 1000);
      };
      tick();
      this.#waiting.splice(0).forEach((wake) => wake());
    }

    /** fetch hides why it failed; a request that needs no permission tells a refused origin from a dead line. @param {unknown} cause */
    async #unreachable(cause) {
      const { origin } = new URL(this.base);
      const page = root.location ? root.location.origin : origin;
      const detail = String(cause);
      if (page === origin)
        return failure("network", "The server cannot be reached", { detail, retryable: true });
      const alive = await fetch(`${this.base}healthz`, { mode: "no-cors" }).then(
        () => true,
        () => false,
      );
      if (!alive) {
        console.error(
          `Sluicegate: ${origin} cannot be reached from this page. Is it running, and does the page's Content-Security-Policy allow it (connect-src ${origin})?`,
        );
        return failure("network", "The server cannot be reached", { detail, retryable: true });
      }
      const hint = `${origin} is running but does not allow pages of ${page}. Add "${page}" to apps.${this.options.app}.origins in its configuration file, or start it with GATEWAY_CORS_ORIGINS=${page}.`;
      console.error(`Sluicegate: ${hint}`);
      return failure("origin_not_allowed", "This site may not use the server", { detail: hint });
    }

    /** @param {string} url */
    #delete(url) {
      const { credentials } = this.options;
      const request = { method: "DELETE", headers: this.#headers(), credentials, keepalive: true };
      fetch(new URL(url, this.base), request).then(
        (response) =>
          response.ok || console.warn(`Sluicegate: stopping was answered with ${response.status}.`),
        () =>
          console.warn(
            "Sluicegate: the stop did not reach the server; it ends the answer when nobody listens.",
          ),
      );
    }

    /** Whole pairs only, newest first until the limits are reached. */
    #history() {
      /** @type {Turn[]} */
      const kept = [];
      let chars = 0;
      for (let at = this.#turns.length - 2; at >= 0; at -= 2) {
        const pair = this.#turns.slice(at, at + 2);
        chars += pair[0].content.length + pair[1].content.length;
        if (chars > this.options.historyChars || kept.length + 2 > this.options.historyTurns) break;
        kept.unshift(...pair);
      }
      return kept;
    }

    /** @param {string} query */
    #forgetTurn(query) {
      const asked = this.#turns[this.#turns.length - 2];
      if (asked?.content === query) this.#turns.splice(-2);
    }

    /** Only the stream's id and address outlive a reload; prompt and answer stay out of every storage. @param {{id: string, url: string}} stream */
    #remember({ id, url }) {
      try {
        root.sessionStorage.setItem(this.memory, JSON.stringify({ id, url }));
      } catch {
        // Storage is off: no resume after a reload.
      }
    }

    #recall() {
      try {
        return JSON.parse(root.sessionStorage.getItem(this.memory) || "{}");
      } catch {
        return {};
      }
    }

    #forget() {
      try {
        root.sessionStorage.removeItem(this.memory);
      } catch {
        // Storage is off: nothing to forget.
      }
    }
  }

  /** @param {ChatOptions} [options] */
  const createChat = (options) => new Chat(options);
  const api = { createChat, Chat, version: "1" };
  root.Sluicegate = api;
  if (typeof module === "object" && module.exports) module.exports = api;
})(
  /** @type {any} */ (globalThis),
  typeof document === "object" ? /** @type {any} */ (document.currentScript) : null,
);
