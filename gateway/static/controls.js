// The page's small parts: finding, announcing, buttons, copying.

import { make } from "./markup.js";
import { say } from "./words.js";

export const at = (id) => document.getElementById(id);

/** Tells a screen reader once; urgent only for failures. */
export function announce(text, urgent = false) {
  at(urgent ? "alert" : "say").textContent = text;
}

export function button(words, act, quiet = true) {
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

export const copyButton = (words, read) => button(words, (element) => copy(read(), element, words));
