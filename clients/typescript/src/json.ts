/** JSON whose numbers keep every digit, which JSON.parse of node 20 does not. Source: RFC 8259. */

import { Decimal } from "./decimal.js";

/** decimals: fields that are always Decimals; floats: fields that never are. Other numbers: whole ones stay numbers, those
 * with a point or beyond 2^53 are Decimals. */
export interface NumberFields {
  readonly decimals: ReadonlySet<string>;
  readonly floats: ReadonlySet<string>;
}

export const NO_FIELDS: NumberFields = { decimals: new Set(), floats: new Set() };

const MOST_DEPTH = 200;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;

/** Reads a JSON text. Throws SyntaxError. */
export function parse(text: string, fields: NumberFields = NO_FIELDS): unknown {
  const reader = new Reader(text, fields);
  const value = reader.value("", 0);
  reader.end();
  return value;
}

class Reader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly fields: NumberFields,
  ) {}

  value(name: string, depth: number): unknown {
    if (depth > MOST_DEPTH) throw new SyntaxError("JSON is nested too deeply");
    this.skip();
    switch (this.text[this.at]) {
      case "{":
        return this.object(depth);
      case "[":
        return this.array(name, depth);
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number(name);
    }
  }

  end(): void {
    this.skip();
    if (this.at !== this.text.length) this.fail();
  }

  private object(depth: number): Record<string, unknown> {
    const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    this.at++;
    if (this.take("}")) return { ...found };
    do {
      this.skip();
      const name = this.string();
      if (!this.take(":")) this.fail();
      found[name] = this.value(name, depth + 1);
    } while (this.take(","));
    if (!this.take("}")) this.fail();
    return { ...found };
  }

  private array(name: string, depth: number): unknown[] {
    const found: unknown[] = [];
    this.at++;
    if (this.take("]")) return found;
    do found.push(this.value(name, depth + 1));
    while (this.take(","));
    if (!this.take("]")) this.fail();
    return found;
  }

  private string(): string {
    return JSON.parse(this.match(STRING)) as string;
  }

  private number(name: string): number | Decimal {
    const token = this.match(NUMBER);
    if (this.fields.floats.has(name)) return Number(token);
    const whole = /^-?\d+$/.test(token) && Number.isSafeInteger(Number(token));
    return whole && !this.fields.decimals.has(name) ? Number(token) : Decimal.of(token);
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail();
    this.at += word.length;
    return value;
  }

  private match(form: RegExp): string {
    form.lastIndex = this.at;
    const found = form.exec(this.text);
    if (found === null) return this.fail();
    this.at = form.lastIndex;
    return found[0];
  }

  private take(sign: string): boolean {
    this.skip();
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private skip(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }

  private fail(): never {
    throw new SyntaxError(`no JSON at ${this.at}: ${this.text.slice(this.at, this.at + 20)}`);
  }
}

/** Writes JSON; Decimals are numbers with their own digits. Throws TypeError for a float, unless hasFloats. */
export function stringify(value: unknown, hasFloats = false, name = ""): string {
  if (value instanceof Decimal) return value.text;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !hasFloats && !Number.isSafeInteger(value)) {
    throw new TypeError(`${name} is a float; give it as Decimal.of("${value}")`);
  }
  if (Array.isArray(value)) return `[${value.map((one, index) => stringify(one, hasFloats, `${name}[${index}]`)).join(",")}]`;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const fields = Object.entries(value).filter(([, one]) => one !== undefined);
    return `{${fields.map(([key, one]) => `${JSON.stringify(key)}:${stringify(one, hasFloats, name ? `${name}.${key}` : key)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
