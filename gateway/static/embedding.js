// What the owner of another site copies.

import { at, copyButton } from "./controls.js";
import { Markup, make } from "./markup.js";

/** The lines that put the client on another site, pinned to the bytes that this server serves. */
export async function showEmbedding(base, app) {
  const address = new URL("client/v1.js", base).href;
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
