/** Types of client.js: a chat over the gateway's widget protocol. */
export as namespace Sluicegate;

/** `ready` before the first message and when a limit has passed; the others as they say. */
export type State =
  | "ready"
  | "submitted"
  | "streaming"
  | "reconnecting"
  | "limited"
  | "done"
  | "stopped"
  | "error";

export interface ChatOptions {
  /** Where the gateway is; default: where the classic script came from, else the page's origin. */
  base?: string;
  /** The application profile, the `{app}` of the paths. Default `bali-zero`. */
  app?: string;
  model?: string;
  /** Sent as `Authorization: Bearer` with the requests, never in an address. */
  apiKey?: string;
  headers?: Record<string, string>;
  /** Further fields of the request, such as `user_email`. */
  body?: Record<string, unknown>;
  /** `include` sends cookies to another origin. Default `same-origin`. */
  credentials?: RequestCredentials;
  /** At most so many messages and characters of the conversation go with a question. */
  historyTurns?: number;
  historyChars?: number;
  /** A line without any event for so long is opened again. Default 45000. */
  silenceMs?: number;
  /** Tries without a new event before giving up, with a pause that grows from one to the other. */
  attempts?: number;
  backoffMs?: number;
  backoffCapMs?: number;
}

export interface Failure {
  /** The gateway's code, or `network`, `origin_not_allowed`, `http_<status>`. */
  code: string;
  message: string;
  detail: string;
  /** 0 where no HTTP answer was seen. */
  status: number;
  requestId: string | null;
  retryable: boolean;
  retryAfterS: number;
}

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
  reasoning_tokens?: number;
  estimated?: boolean;
}

export interface Turn {
  role: "user" | "assistant";
  content: string;
}

/** The answer at one moment; a new object at every change, never changed afterwards. */
export interface Snapshot {
  readonly state: State;
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** Null until the gateway accepted the question. */
  readonly streamId: string | null;
  readonly model: string | null;
  readonly sequence: number;
  readonly finishReason: "stop" | "length" | "tool_calls" | "content_filter" | "cancelled" | null;
  readonly usage: Usage | null;
  readonly metrics: { first_token_ms: number | null; duration_ms: number } | null;
  /** In the states `error` and `limited`. */
  readonly error: Failure | null;
  /** Whole seconds that are left, in the state `limited`; counts down. */
  readonly retryAfterS: number;
  /** Number of the try, in the state `reconnecting`. */
  readonly attempt: number;
  /** The answer is followed after a reload. */
  readonly resumed: boolean;
  /** As this page saw it. */
  readonly timing: {
    readonly firstTokenMs: number | null;
    readonly perTokenMs: number | null;
    readonly tokens: number;
  };
}

/** One conversation: one answer at a time. */
export class Chat {
  constructor(options?: ChatOptions);
  options: ChatOptions;
  readonly snapshot: Snapshot;
  readonly state: State;
  /** `submitted`, `streaming` or `reconnecting`. */
  readonly busy: boolean;
  /** The finished part of the conversation. */
  readonly turns: Turn[];
  /** Calls `listener` at every change; returns what ends that. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /**
   * Asks. Resolves with the last snapshot (done, stopped, error or limited) and does not reject
   * for them; rejects only while another answer is being written. Aborting is the same as `stop()`.
   */
  send(query: string, options?: { signal?: AbortSignal; model?: string }): Promise<Snapshot>;
  /** Asks the last question again. */
  retry(options?: { signal?: AbortSignal }): Promise<Snapshot>;
  /** Ends the answer here and at the provider; keeps its text. */
  stop(): Promise<Snapshot>;
  /** Goes on with the answer that a reload of the page interrupted; false where there is none. */
  resume(): boolean;
  /** Stops and forgets the conversation. */
  reset(): void;
}

export function createChat(options?: ChatOptions): Chat;
export const version: string;
