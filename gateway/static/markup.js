// Turns the text of a model into DOM: text nodes and code blocks, never HTML, links or images.
// It reads forward only, so that painting a long answer costs what is new, not what is there.

const OPENING = /^ {0,3}(`{3,})([^`]*)$/;
const UNDECIDED = /^ {0,3}(`*|`{3,}[^`]*)$/;

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

export class Markup {
  #text = "";
  #at = 0;
  #lineStart = true;
  #fence = "";
  #node = null;

  /** `codeButton(read)` makes the button that copies what `read()` returns. */
  constructor(root, codeButton) {
    this.root = root;
    this.codeButton = codeButton;
  }

  /** Shows `text`, the whole answer so far; `complete` also shows a last line that is undecided. */
  paint(text, complete) {
    if (!text.startsWith(this.#text.slice(0, this.#at))) this.#restart();
    this.#text = text;
    while (this.#at < text.length && this.#line(text, complete));
  }

  #restart() {
    this.root.replaceChildren();
    this.#at = 0;
    this.#lineStart = true;
    this.#fence = "";
    this.#node = null;
  }

  #line(text, complete) {
    const end = text.indexOf("\n", this.#at) + 1 || text.length;
    const piece = text.slice(this.#at, end);
    const whole = piece.endsWith("\n");
    if (this.#lineStart) {
      if (!whole && !complete && UNDECIDED.test(piece)) return false;
      if (this.#isFence(piece.trimEnd())) {
        this.#at = end;
        return true;
      }
    }
    this.#append(piece);
    this.#lineStart = whole;
    this.#at = end;
    return true;
  }

  #isFence(line) {
    const [, ticks, info] = OPENING.exec(line) || [];
    if (!ticks) return false;
    if (!this.#fence) {
      this.#open(ticks, info.trim());
      return true;
    }
    if (info || ticks.length < this.#fence.length) return false;
    this.#fence = "";
    this.#node = null;
    return true;
  }

  #open(ticks, info) {
    if (this.#node) this.#node.data = this.#node.data.trimEnd();
    this.#fence = ticks;
    const node = document.createTextNode("");
    const caption = make(
      "figcaption",
      {},
      make("span", { textContent: info }),
      this.codeButton(() => node.data),
    );
    const code = make("pre", { dir: "ltr", tabIndex: 0 }, make("code", {}, node));
    this.root.append(make("figure", {}, caption, code));
    this.#node = node;
  }

  #append(piece) {
    if (!this.#node) {
      piece = this.root.firstChild ? piece.replace(/^\n+/, "") : piece;
      if (!piece) return;
      this.#node = document.createTextNode("");
      this.root.append(make("div", { className: "prose" }, this.#node));
    }
    this.#node.appendData(piece);
  }
}
