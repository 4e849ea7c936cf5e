// The WebSocket: questions with answers, news without being asked, and a new connection when the old one breaks.

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 3000;

export class Line extends EventTarget {
  #socket = null;
  #waiting = new Map();
  #number = 0;
  #wait = FIRST_WAIT_MS;

  open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/page/socket`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#wait = FIRST_WAIT_MS;
      this.dispatchEvent(new Event("open"));
    });
    socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(data)));
    socket.addEventListener("close", () => this.#lost());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // Rejects with an Error whose message is a sentence for the person.
  ask(what, given = {}) {
    if (!this.isOpen) return Promise.reject(new Error("The demo is not connected right now. Try again in a moment."));
    const n = ++this.#number;
    this.#socket.send(JSON.stringify({ n, ask: what, ...given }));
    return new Promise((resolve, reject) => this.#waiting.set(n, { resolve, reject }));
  }

  #hear(body) {
    if (body.tell) {
      this.dispatchEvent(new CustomEvent(body.tell, { detail: body }));
      return;
    }
    const waiting = this.#waiting.get(body.n);
    this.#waiting.delete(body.n);
    if (!waiting) return;
    if (body.error !== undefined) waiting.reject(new Error(body.error));
    else waiting.resolve(body.answer);
  }

  #lost() {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error("The connection broke before the answer came. Try again."));
    }
    this.#waiting.clear();
    this.dispatchEvent(new Event("lost"));
    setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}
