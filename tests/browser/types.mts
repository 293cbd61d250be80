// Compiled, never run: what a page in TypeScript relies on.
import {
    Chat,
    createChat,
    type Failure,
    type Snapshot,
    type State,
} from "../../gateway/static/client.mjs";

const chat: Chat = createChat({ app: "bali-zero", apiKey: "k", credentials: "include" });
const leave: () => void = chat.subscribe((snapshot: Snapshot) => {
    const text: string = snapshot.text;
    const failure: Failure | null = snapshot.error;
    document.title = text + (failure?.requestId ?? "") + String(snapshot.timing.firstTokenMs);
});
const last: Snapshot = await chat.send("hello", { signal: new AbortController().signal });
const states: Record<State, boolean> = {
    ready: true,
    submitted: true,
    streaming: true,
    reconnecting: true,
    limited: true,
    done: true,
    stopped: true,
    error: true,
};
const again: Snapshot = states[last.state] ? await chat.retry() : await chat.stop();
const resumed: boolean = chat.resume();

// @ts-expect-error a snapshot is read only
last.text = "";
// @ts-expect-error no such state
const wrong: State = "thinking";
// @ts-expect-error no such option
createChat({ application: "bali-zero" });

export { again, leave, resumed, wrong };
