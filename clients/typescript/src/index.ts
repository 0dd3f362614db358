/** Clients of Hedgerow's APIs. docs/clients.md shows them at work. */

export { Abp, Mm, Scraping, type FetchOptions, type NewOrder } from "./clients.js";
export { Decimal } from "./decimal.js";
export {
  AnswerLostError,
  BadAnswerError,
  ClientError,
  ServiceError,
  StreamEndedError,
  UnreachableError,
  type Fault,
} from "./errors.js";
export { RETRIES, type Retries } from "./http.js";
export { parse, stringify } from "./json.js";
export { Relay, type Target } from "./relay.js";
export { Gap, MakingSession, PlacingSession, type Message, type Position } from "./session.js";
export { RECONNECTS, Stream, type Reconnects, type StreamOptions } from "./stream.js";
export type * as abp from "./generated/abp.js";
export type * as mm from "./generated/mm.js";
export type * as scraping from "./generated/scraping.js";
