/** Conversations on streams without I/O: texts, times and closes go in, steps to take come out. A session outlives its
 * connections. Sources: the published contracts of both WebSockets. */

import { StreamEndedError } from "./errors.js";
import { parse, stringify } from "./json.js";

/** A change: the whole row in the API's names, and what the changed fields were, where the API tells it. */
export interface Message {
  readonly channel: string;
  readonly event: string;
  readonly payload: Record<string, unknown>;
  readonly old?: Record<string, unknown> | undefined;
  readonly seq?: number | undefined;
  readonly ts?: number | undefined;
  readonly subscription: number;
}

/** Changes may have been missed here: what is known of the channels is to be read anew. */
export class Gap {
  constructor(readonly why: string) {}
}

/** Where a reliable subscription can be taken up again within five minutes. lastSeq: all messages up to it are
 * acknowledged; acknowledged: those above it that are, too. */
export interface Position {
  readonly subscriptionId: number;
  readonly lastSeq: number;
  readonly acknowledged?: readonly number[];
}

export type Step =
  | { readonly say: string }
  | { readonly tell: Message | Gap }
  | { readonly ready: true }
  | { readonly refuse: StreamEndedError };

/** Times are milliseconds of any clock that only rises. */
export interface Session {
  /** When `onTime` is to be called at the latest. */
  readonly dueMs: number;
  readonly position: Position | undefined;
  opened(nowMs: number): Step[];
  receive(text: string, nowMs: number): Step[];
  onTime(nowMs: number): Step[];
  /** undefined: another connection can go on. */
  closed(code: number, reason: string): StreamEndedError | undefined;
  handled(message: Message, nowMs: number): Step[];
  acknowledge(messages: readonly Message[]): Step[];
}

const ENOUGH = 20;
const ACKNOWLEDGED_WITHIN_MS = 1000;
const MOST_IN_ONE = 1000;
const PING_EVERY_MS = 30_000;
const FULL = "Connection limit exceeded";

export interface PlacingOptions {
  readonly channels?: readonly string[];
  readonly isReliable?: boolean;
  readonly resume?: Position | undefined;
}

/** `/ws` of bet placing: login, numbered messages, acknowledgements, resumption. Each message is told once, in order. */
export class PlacingSession implements Session {
  readonly #key: string;
  readonly #channels: readonly string[];
  readonly #isReliable: boolean;
  #number: number | undefined;
  #received: number;
  #floor: number;
  #toldFloor: number;
  #waitingSinceMs = Infinity;
  #isOpen = false;
  readonly #done: Set<number>; // acknowledged, above the floor

  constructor(key: string, options: PlacingOptions = {}) {
    this.#key = key;
    this.#channels = options.channels ?? [];
    this.#isReliable = options.isReliable ?? true;
    this.#number = options.resume?.subscriptionId;
    this.#done = new Set(options.resume?.acknowledged);
    this.#received = this.#floor = this.#toldFloor = options.resume?.lastSeq ?? 0;
  }

  get position(): Position | undefined {
    if (this.#number === undefined || !this.#isReliable) return undefined;
    return { subscriptionId: this.#number, lastSeq: this.#floor, acknowledged: [...this.#done] };
  }

  get dueMs(): number {
    return this.#waitingSinceMs + ACKNOWLEDGED_WITHIN_MS;
  }

  opened(): Step[] {
    const login = { type: "login", apiKey: this.#key, channels: this.#channels };
    const resume = this.#number === undefined ? undefined : { subscriptionId: this.#number, lastSeq: this.#floor };
    return [say({ ...login, ...(this.#isReliable ? { reliableDelivery: true, resume } : {}) })];
  }

  receive(text: string): Step[] {
    const message = read(text);
    switch (message["type"]) {
      case "data":
        return typeof message["seq"] === "number" ? this.#data(message, message["seq"]) : [];
      case "ping":
        return [say({ type: "pong" })];
      case "login_ok":
        return this.#loggedIn(Number(message["subscriptionId"]), message["resumed"] === true);
      case "error":
        return this.#isOpen ? [] : refused(message["message"]);
      default:
        return [];
    }
  }

  #loggedIn(number: number, isResumed: boolean): Step[] {
    this.#isOpen = true;
    this.#toldFloor = this.#floor;
    this.#waitingSinceMs = Infinity;
    if (isResumed) return [{ ready: true }];
    const had = this.#number;
    this.#number = number;
    this.#received = this.#floor = this.#toldFloor = 0;
    this.#done.clear();
    const gap = had === undefined ? [] : [{ tell: new Gap(`subscription ${had} could not be resumed after a lost connection`) }];
    return [{ ready: true }, ...gap];
  }

  #data(message: Record<string, unknown>, seq: number): Step[] {
    const isDone = seq <= this.#floor || this.#done.has(seq);
    if (isDone || seq <= this.#received) {
      this.#received = Math.max(this.#received, seq);
      return isDone && this.#isReliable ? [say({ type: "ack", seq })] : [];
    }
    const passedOver = [...this.#done].filter((number) => number > this.#received && number < seq).length;
    const missed = seq - this.#received - 1 > passedOver;
    const gap = missed ? [{ tell: new Gap(`messages from ${this.#received + 1} to ${seq - 1} did not come`) }] : [];
    this.#received = seq;
    return [...gap, { tell: messageOf(message, this.#number ?? 0) }];
  }

  handled(message: Message, nowMs: number): Step[] {
    if (this.#take([message]).length === 0) return [];
    this.#waitingSinceMs = Math.min(this.#waitingSinceMs, nowMs);
    const isEnough = this.#floor - this.#toldFloor >= ENOUGH || this.#floor === this.#received;
    return isEnough ? this.#tellFloor() : this.onTime(nowMs);
  }

  onTime(nowMs: number): Step[] {
    return nowMs >= this.dueMs ? this.#tellFloor() : [];
  }

  acknowledge(messages: readonly Message[]): Step[] {
    const seqs = this.#take(messages);
    if (seqs.length === 0 || !this.#isOpen) return []; // told with the next login, or again when it is sent again
    if (seqs.length === 1) return [say({ type: "ack", seq: seqs[0] })];
    const steps: Step[] = [];
    for (let at = 0; at < seqs.length; at += MOST_IN_ONE) {
      steps.push(say({ type: "batch_ack", seqs: seqs.slice(at, at + MOST_IN_ONE) }));
    }
    return steps;
  }

  closed(code: number, reason: string): StreamEndedError | undefined {
    this.#isOpen = false;
    this.#waitingSinceMs = Infinity;
    if (code === 4006) {
      return new StreamEndedError("the subscription was resumed over another connection", "one subscription has one reader", code);
    }
    return notAdmitted(code, reason);
  }

  /** Notes what is done with, and answers the numbers that are news. */
  #take(messages: readonly Message[]): number[] {
    if (!this.#isReliable) return [];
    const news = new Set<number>();
    for (const { seq, subscription } of messages) {
      if (seq !== undefined && subscription === this.#number && seq > this.#floor && !this.#done.has(seq)) news.add(seq);
    }
    for (const seq of news) this.#done.add(seq);
    while (this.#done.delete(this.#floor + 1)) this.#floor++;
    return [...news].sort((a, b) => a - b);
  }

  #tellFloor(): Step[] {
    this.#waitingSinceMs = Infinity;
    if (!this.#isOpen || this.#floor === this.#toldFloor) return [];
    this.#toldFloor = this.#floor;
    return [say({ type: "ack", upTo: this.#floor })];
  }
}

/** `/ws/subscribe` of market making. Nothing is numbered there, so that a lost connection is a gap. */
export class MakingSession implements Session {
  readonly #key: string;
  readonly #channels: readonly string[];
  #number = 0;
  #isOpen = false;
  dueMs = 0;
  readonly position = undefined;

  constructor(key: string, channels: readonly string[] = []) {
    this.#key = key;
    this.#channels = channels;
  }

  opened(nowMs: number): Step[] {
    this.dueMs = nowMs + PING_EVERY_MS;
    return [say({ type: "subscribe", apiKey: this.#key, channels: this.#channels })];
  }

  receive(text: string): Step[] {
    const message = read(text);
    switch (message["type"]) {
      case "broadcast":
        return [{ tell: messageOf(message, this.#number) }];
      case "subscribed": {
        const gap = this.#number ? [{ tell: new Gap("the connection was lost and made again") }] : [];
        this.#number = Number(message["subscriptionId"]);
        this.#isOpen = true;
        return [{ ready: true }, ...gap];
      }
      case "error":
        return this.#isOpen ? [] : refused(message["message"]);
      default:
        return [];
    }
  }

  onTime(nowMs: number): Step[] {
    if (nowMs < this.dueMs) return [];
    this.dueMs = nowMs + PING_EVERY_MS;
    return [say({ type: "ping" })];
  }

  closed(code: number, reason: string): StreamEndedError | undefined {
    this.#isOpen = false;
    return notAdmitted(code, reason);
  }

  handled(): Step[] {
    return [];
  }

  acknowledge(): Step[] {
    return [];
  }
}

function read(text: string): Record<string, unknown> {
  try {
    const found = parse(text);
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function messageOf(message: Record<string, unknown>, subscription: number): Message {
  return {
    channel: String(message["channel"]),
    event: String(message["event"]),
    payload: (message["payload"] ?? {}) as Record<string, unknown>,
    old: message["old"] as Record<string, unknown> | undefined,
    seq: message["seq"] as number | undefined,
    ts: message["ts"] as number | undefined,
    subscription,
  };
}

function say(message: object): Step {
  return { say: stringify(message) };
}

function refused(why: unknown): Step[] {
  if (why === FULL) return []; // waited out: the connections of a moment ago may still count
  return [{ refuse: new StreamEndedError(String(why), "correct the key or the channels, then open the stream again") }];
}

function notAdmitted(code: number, reason: string): StreamEndedError | undefined {
  return code === 4001 ? new StreamEndedError(`not admitted: ${reason}`, "send a key of this service that works", code) : undefined;
}
