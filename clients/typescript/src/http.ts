/** How a call is asked until it is answered: pauses, limits, lost answers. */

import { AnswerLostError, BadAnswerError, ServiceError, UnreachableError } from "./errors.js";
import { NO_FIELDS, parse, stringify, type NumberFields } from "./json.js";

/** What becomes of asking twice: nothing more; it is known again by its keys; it would happen twice. */
export type Repeat = "SAFE" | "KEYED" | "NEVER";

/** One operation as a value. */
export interface Call {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly repeat: Repeat;
  readonly query?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly fields?: NumberFields;
  readonly hasFloats?: boolean;
  readonly timeoutMs?: number;
}

/** most: attempts of a call, the first included; patienceMs: all its pauses together. */
export interface Retries {
  readonly most: number;
  readonly patienceMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const RETRIES: Retries = { most: 5, patienceMs: 60_000, firstPauseMs: 250, longestPauseMs: 10_000 };
const TIMEOUT_MS = 30_000;
const MOST_BODY_BYTES = 64 * 1024 * 1024;
/** After which answers a call is asked again, though it may have been done. */
const FAILED: Readonly<Record<Repeat, ReadonlySet<number>>> = {
  SAFE: new Set([503]),
  KEYED: new Set([500, 502, 503, 504]),
  NEVER: new Set(),
};
const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

/** The value of a call. mayBeDone: an earlier attempt left, and what was answered does not tell what became of it. */
export interface Asked<T> {
  readonly value: T;
  readonly mayBeDone: boolean;
}

/** Where an API is, and the key for it, which is in no text of this object. */
export class Http {
  readonly url: string;
  readonly #key: string;

  constructor(
    url: string,
    key: string,
    private readonly retries: Retries = RETRIES,
  ) {
    const parsed = new URL(url);
    if (!/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password || parsed.search) {
      throw new TypeError("a service's url is like https://host or http://host:port");
    }
    this.url = parsed.href.replace(/\/$/, "");
    this.#key = key;
  }

  /** For the first message of a stream. */
  get key(): string {
    return this.#key;
  }

  socketUrl(path: string): string {
    return this.url.replace(/^http/, "ws") + path;
  }

  async send<T>(call: Call): Promise<T> {
    return (await this.ask<T>(call)).value;
  }

  /** Throws ClientError. */
  async ask<T>(call: Call): Promise<Asked<T>> {
    let mayBeDone = false;
    let waitedMs = 0;
    for (let attempt = 1; ; attempt++) {
      const got = await this.#attempt(call);
      if ("value" in got) return { value: got.value as T, mayBeDone };
      mayBeDone ||= got.wasSent || (got.error?.status ?? 0) >= 500;
      const pauseMs = this.#pauseMs(call, got, attempt);
      if (pauseMs === undefined || waitedMs + pauseMs > this.retries.patienceMs) throw failure(call, got, mayBeDone);
      waitedMs += pauseMs;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #attempt(call: Call): Promise<{ value: unknown } | Failed> {
    const headers: Record<string, string> = { "X-API-Key": this.#key, ...call.headers };
    if (call.body !== undefined) headers["Content-Type"] ??= "application/json";
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.url + call.path + queryOf(call.query), {
        method: call.method,
        headers,
        redirect: "manual", // a redirect would carry the key elsewhere
        signal: AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS),
        ...(call.body === undefined ? {} : { body: stringify(call.body, call.hasFloats) }),
      });
      text = await textOf(response);
    } catch (error) {
      if (error instanceof TypeError && error.message.includes("is a float")) throw error;
      const { why, code } = reason(error);
      return { why, wasSent: !UNSENT.has(code) };
    }
    if (!response.ok) return { why: "", wasSent: false, error: errorOf(call, response, text) };
    try {
      return { value: text === "" ? undefined : parse(text, call.fields ?? NO_FIELDS) };
    } catch (error) {
      throw new BadAnswerError(call.name, String(error), text);
    }
  }

  #pauseMs(call: Call, got: Failed, attempt: number): number | undefined {
    const status = got.error?.status;
    const isLost = status === undefined && (call.repeat !== "NEVER" || !got.wasSent);
    const may = isLost || status === 429 || FAILED[call.repeat].has(status ?? 0);
    if (!may || attempt >= this.retries.most) return undefined;
    const ownMs = Math.min(this.retries.firstPauseMs * 2 ** (attempt - 1), this.retries.longestPauseMs);
    return Math.max(ownMs * (0.5 + Math.random() / 2), (got.error?.retryAfterS ?? 0) * 1000);
  }
}

/** The body, bounded. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MOST_BODY_BYTES) throw new RangeError(`the answer is larger than ${MOST_BODY_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

interface Failed {
  readonly why: string;
  readonly wasSent: boolean;
  readonly error?: ServiceError;
}

function failure(call: Call, got: Failed, mayBeDone: boolean): Error {
  if (got.error !== undefined) {
    got.error.mayBeDone = mayBeDone;
    return got.error;
  }
  return mayBeDone && call.method !== "GET" ? new AnswerLostError(call.name, got.why) : new UnreachableError(call.name, got.why);
}

function errorOf(call: Call, response: Response, text: string): ServiceError {
  let body: unknown;
  try {
    body = parse(text);
  } catch {
    body = text.slice(0, 300);
  }
  const object = typeof body === "object" && body !== null && !Array.isArray(body);
  const after = response.headers.get("Retry-After") ?? "";
  return new ServiceError(
    call.name,
    response.status,
    object ? (body as Record<string, unknown>) : { detail: body },
    /^\d{1,9}$/.test(after) ? Number(after) : undefined,
  );
}

function reason(error: unknown): { why: string; code: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = String((cause as { code?: unknown } | null)?.code ?? "");
  return { why: `${cause instanceof Error ? cause.name : ""} ${code}`.trim(), code };
}

/** Parameters as they stand in the URL: undefined is left out, a list is one parameter for each of its values. */
function queryOf(query: object | undefined): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one !== undefined && one !== null).map((one) => [name, String(one)]),
  );
  return pairs.length ? `?${new URLSearchParams(pairs as [string, string][])}` : "";
}
