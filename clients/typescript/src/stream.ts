/** The shell around a session on a WebSocket: connects, reads, keeps the time, and connects again. */

import { WebSocket } from "ws";

import { StreamEndedError } from "./errors.js";
import type { Gap, Message, Position, Session, Step } from "./session.js";

/** Pauses double from firstMs to longestMs, half of each at random. giveUpAfterMs without a connection that works the
 * stream ends; the service keeps a reliable subscription for five minutes. */
export interface Reconnects {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly giveUpAfterMs: number;
  readonly admittedWithinMs: number;
}

export const RECONNECTS: Reconnects = { firstMs: 100, longestMs: 15_000, giveUpAfterMs: 300_000, admittedWithinMs: 15_000 };
const MOST_WAITING = 1000;
const MOST_MESSAGE_BYTES = 16 * 1024 * 1024;

export interface StreamOptions {
  /** Whether a message is acknowledged when the next is asked for; else `acknowledge` does it. */
  readonly isAutomatic?: boolean;
  readonly reconnects?: Partial<Reconnects>;
}

/** Messages and gaps, one after the other: `for await (const item of stream)`. Leaving the loop by an error leaves the
 * message unacknowledged; `close` ends the stream. */
export class Stream implements AsyncIterableIterator<Message | Gap> {
  readonly #url: string;
  readonly #session: Session;
  readonly #isAutomatic: boolean;
  readonly #reconnects: Reconnects;
  readonly #items: (Message | Gap)[] = [];
  #handed: Message | undefined;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #pauseMs = 0;
  #isAdmitted = false;
  #workedMs = performance.now();
  #openedMs = 0;
  #end: StreamEndedError | undefined;
  #isClosed = false;
  #wake: (() => void)[] = [];

  constructor(url: string, session: Session, options: StreamOptions = {}) {
    this.#url = url;
    this.#session = session;
    this.#isAutomatic = options.isAutomatic ?? true;
    this.#reconnects = { ...RECONNECTS, ...options.reconnects };
    this.#connect();
  }

  /** Resolves when the service has let us in for the first time. Rejects with StreamEndedError. */
  async ready(): Promise<this> {
    while (!this.#isAdmitted && this.#end === undefined && !this.#isClosed) await this.#change();
    if (this.#end !== undefined) throw this.#end;
    return this;
  }

  get position(): Position | undefined {
    return this.#session.position;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Rejects with StreamEndedError when there will be no more; is done after `close`. */
  async next(): Promise<IteratorResult<Message | Gap>> {
    this.#finishHanded();
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        if (this.#items.length < MOST_WAITING) this.#socket?.resume();
        this.#handed = "payload" in item ? item : undefined;
        return { value: item, done: false };
      }
      if (this.#end !== undefined) throw this.#end;
      if (this.#isClosed) return { value: undefined, done: true };
      await this.#change();
    }
  }

  /** Called when a loop is left: by `break` or by an error, which look the same here, so that the message that was
   * worked on stays unacknowledged. The stream goes on; `close` ends it. */
  return(): Promise<IteratorResult<Message | Gap>> {
    this.#handed = undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  /** They are done with: the service forgets them. */
  acknowledge(...messages: Message[]): void {
    this.#take(this.#session.acknowledge(messages));
  }

  /** Ends the stream. A reliable subscription can be resumed within five minutes. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#pause);
    this.#socket?.close(1000);
    this.#changed();
  }

  #finishHanded(): void {
    const handed = this.#handed;
    this.#handed = undefined;
    if (handed !== undefined && this.#isAutomatic) this.#take(this.#session.handled(handed, performance.now()));
  }

  // --- the connection ------------------------------------------------------------------------------------------------

  #connect(): void {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false, maxPayload: MOST_MESSAGE_BYTES, handshakeTimeout: 10_000 });
    this.#socket = socket;
    this.#openedMs = performance.now();
    let isAdmitted = false;
    socket.on("open", () => this.#take(this.#session.opened(performance.now())));
    socket.on("message", (data) => {
      const steps = this.#session.receive(String(data), performance.now());
      if (steps.some((step) => "ready" in step)) {
        isAdmitted = this.#isAdmitted = true;
        this.#pauseMs = 0;
      }
      this.#take(steps);
      if (this.#items.length >= MOST_WAITING) socket.pause();
    });
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", (code, reason) => this.#lost(code, String(reason), isAdmitted));
    this.#keepTime(() => isAdmitted);
  }

  #keepTime(isAdmitted: () => boolean): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (!isAdmitted() && now - this.#openedMs > this.#reconnects.admittedWithinMs) this.#socket?.terminate();
      else if (now >= this.#session.dueMs && isAdmitted()) this.#take(this.#session.onTime(now));
    }, 250);
  }

  #lost(code: number, reason: string, wasAdmitted: boolean): void {
    clearInterval(this.#timer);
    this.#socket = undefined;
    if (this.#isClosed || this.#end !== undefined) return;
    const final = this.#session.closed(code, reason);
    if (wasAdmitted) this.#workedMs = performance.now();
    this.#pauseMs = Math.min(this.#pauseMs * 2 || this.#reconnects.firstMs, this.#reconnects.longestMs);
    if (final !== undefined) {
      this.#finish(final);
    } else if (performance.now() + this.#pauseMs - this.#workedMs > this.#reconnects.giveUpAfterMs) {
      this.#finish(new StreamEndedError(`no connection: closed with ${code} ${reason}`, "check the address and the service"));
    } else {
      this.#pause = setTimeout(() => this.#connect(), this.#pauseMs * (0.5 + Math.random() / 2));
    }
  }

  #take(steps: Step[]): void {
    for (const step of steps) {
      // What cannot be said now is said in another way with the next connection.
      if ("say" in step && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(step.say);
      if ("tell" in step) this.#items.push(step.tell);
      if ("refuse" in step) this.#finish(step.refuse);
    }
    this.#changed();
  }

  #finish(error: StreamEndedError): void {
    this.#end = error;
    clearInterval(this.#timer);
    this.#socket?.close(1000);
    this.#changed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
