/** What can go wrong; each error says what to do. */

export class ClientError extends Error {
  constructor(
    readonly text: string,
    readonly remedy: string,
  ) {
    super(`${text}; ${remedy}`);
    this.name = new.target.name;
  }
}

/** No connection was made. Nothing has happened. */
export class UnreachableError extends ClientError {
  constructor(call: string, why: string) {
    super(`${call}: ${why}`, "nothing was done; check the address and try again");
  }
}

/** The request left, and what became of it is not known. */
export class AnswerLostError extends ClientError {
  constructor(call: string, why: string) {
    super(`${call}: ${why}`, "it may have been done: read what there is before asking again; orders are found by their requestUuid");
  }
}

/** The answer is not what the API promises. body: as it came. */
export class BadAnswerError extends ClientError {
  constructor(
    call: string,
    why: string,
    readonly body: string,
  ) {
    super(`${call}: the answer is not as promised: ${why}`, "the request was answered; is the client too old?");
  }
}

/** A stream ended and will not come back by itself. code: of the close frame, 0 without one. */
export class StreamEndedError extends ClientError {
  constructor(
    why: string,
    remedy: string,
    readonly code = 0,
  ) {
    super(why, remedy);
  }
}

/** One thing that is wrong with a request. */
export interface Fault {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** An answer with an error status. code: the API's own, where it has one. body: as it was read. */
export class ServiceError extends ClientError {
  readonly code: string | undefined;
  /** Whether an attempt of the same call left, and what was answered does not tell what became of it. */
  mayBeDone = false;

  constructor(
    call: string,
    readonly status: number,
    readonly body: Record<string, unknown>,
    readonly retryAfterS: number | undefined,
  ) {
    const { code, text } = told(body["detail"]);
    super(`${call}: ${status} ${text}`, REMEDIES[status] ?? "read the detail and what there is, then try again later");
    this.code = code;
  }

  /** What a 422 says, field by field. */
  get faults(): Fault[] {
    return Array.isArray(this.body["detail"]) ? (this.body["detail"] as Fault[]) : [];
  }

  /** Of a 409: every order was placed before. */
  get duplicateUuids(): string[] {
    return Array.isArray(this.body["duplicateUuids"]) ? (this.body["duplicateUuids"] as string[]) : [];
  }
}

const REMEDIES: Record<number, string> = {
  400: "change the request as the text says",
  401: "send a key of this service that works",
  403: "ask for what is yours, with a key that is active",
  404: "check the id",
  409: "the present state forbids it: read the state first",
  413: "send less at a time",
  422: "correct the named fields",
  429: "ask less often; the limit is the key's",
  501: "this deployment cannot do it",
};

function told(detail: unknown): { code?: string; text: string } {
  if (Array.isArray(detail)) {
    return { text: (detail as Fault[]).map((one) => `${one.loc?.join(".")}: ${one.msg}`).join(", ") };
  }
  if (typeof detail === "object" && detail !== null && "message" in detail) {
    const { message, code } = detail as { message: unknown; code?: unknown };
    return typeof code === "string" ? { code, text: String(message) } : { text: String(message) };
  }
  return { text: String(detail).slice(0, 300) };
}
