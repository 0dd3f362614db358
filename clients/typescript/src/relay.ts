/** A WebSocket to a target by way of an agent. It is never made again by itself: what was said to a target is not known
 * here. Source: the published contract of the scraping API, "WebSocket relay". */

import { WebSocket, type RawData } from "ws";

import { StreamEndedError } from "./errors.js";
import { parse, stringify } from "./json.js";

/** countries (ISO codes), agents (slugs): empty for any. idleTimeoutS: without a message of the target's. */
export interface Target {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly countries?: readonly string[];
  readonly agents?: readonly string[];
  readonly idleTimeoutS?: number;
  readonly subprotocols?: readonly string[];
  readonly proxy?: string;
}

const MOST_WAITING = 1000;
const MOST_MESSAGE_BYTES = 16 * 1024 * 1024;
const CONNECTED_WITHIN_MS = 45_000;

/** Text is a string, binary a Buffer, both as they are, in order, both ways: `for await (const frame of relay)`. */
export class Relay implements AsyncIterableIterator<string | Buffer> {
  readonly #socket: WebSocket;
  readonly #items: (string | Buffer)[] = [];
  #nodeId: string | undefined;
  #end: StreamEndedError | undefined;
  #wake: (() => void)[] = [];

  constructor(url: string, key: string, target: Target) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: MOST_MESSAGE_BYTES, handshakeTimeout: 10_000 });
    const timer = setTimeout(() => this.#socket.terminate(), CONNECTED_WITHIN_MS);
    this.#socket.on("open", () => this.#socket.send(connectMessage(key, target)));
    this.#socket.on("message", (data, isBinary) => {
      clearTimeout(timer);
      this.#receive(data, isBinary);
    });
    this.#socket.on("error", () => undefined); // "close" follows
    this.#socket.on("close", (code, reason) => {
      clearTimeout(timer);
      this.#end ??= new StreamEndedError(`closed with ${code} ${reason}`.trim(), "open it again where that is wanted", code);
      this.#changed();
    });
  }

  /** The agent's node, when the target has let it in. Rejects with StreamEndedError where there is no way to it. */
  async ready(): Promise<this> {
    while (this.#nodeId === undefined && this.#end === undefined) await this.#change();
    if (this.#nodeId === undefined) throw this.#end;
    return this;
  }

  get nodeId(): string | undefined {
    return this.#nodeId;
  }

  send(message: string | Uint8Array): void {
    if (this.#end !== undefined) throw this.#end;
    this.#socket.send(message);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Is done after the target's normal close; rejects with StreamEndedError, with the target's code, after another. */
  async next(): Promise<IteratorResult<string | Buffer>> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        if (this.#items.length < MOST_WAITING) this.#socket.resume();
        return { value: item, done: false };
      }
      if (this.#end?.code === 1000) return { value: undefined, done: true };
      if (this.#end !== undefined) throw this.#end;
      await this.#change();
    }
  }

  /** The code and reason reach the target. */
  close(code = 1000, reason = ""): void {
    this.#socket.close(code, reason);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#nodeId === undefined) {
      this.#readFirst(String(data));
    } else {
      this.#items.push(isBinary ? (data as Buffer) : String(data));
      if (this.#items.length >= MOST_WAITING) this.#socket.pause();
    }
    this.#changed();
  }

  #readFirst(text: string): void {
    let message: Record<string, unknown> = {};
    try {
      message = parse(text) as Record<string, unknown>;
    } catch {
      // told below
    }
    if (message["type"] === "connected") {
      this.#nodeId = String(message["node_id"]);
      return;
    }
    const why = message["type"] === "error" ? String(message["message"]) : "the gateway did not say that it is connected";
    this.#end = new StreamEndedError(why, "check key, target and agents, then open it again");
    this.#socket.close(1000);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function connectMessage(key: string, target: Target): string {
  const told = {
    apiKey: key,
    url: target.url,
    headers: target.headers ?? {},
    cookies: target.cookies ?? {},
    geo: target.countries?.length ? target.countries.join(",") : undefined,
    agent: target.agents?.length ? target.agents.join(",") : undefined,
    idle_timeout: target.idleTimeoutS ?? 0,
    subprotocols: target.subprotocols ?? [],
    proxy: target.proxy,
  };
  return stringify(told, true);
}
