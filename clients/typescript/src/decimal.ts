/** Exact decimals: money and odds are never floats. Not for arithmetic, which a library of the program's choice does. */

const FORM = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** A number as its own digits. */
export class Decimal {
  private constructor(readonly text: string) {}

  /** From text as JSON writes numbers, or from a whole number. Throws TypeError for anything else, floats included. */
  static of(value: string | number | bigint): Decimal {
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      throw new TypeError(`${value} is a float; write it as text: Decimal.of("${value}")`);
    }
    const text = String(value);
    if (!FORM.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a decimal`);
    return new Decimal(text);
  }

  toString(): string {
    return this.text;
  }

  /** As text in JSON of the program's own; requests carry the digits (`json.ts`). */
  toJSON(): string {
    return this.text;
  }

  /** Whether it is the same amount, however it is written. */
  equals(other: Decimal | string | number | bigint): boolean {
    return this.compare(other) === 0;
  }

  /** -1, 0 or 1. */
  compare(other: Decimal | string | number | bigint): -1 | 0 | 1 {
    const [a, b] = aligned(parts(this.text), parts(String(other instanceof Decimal ? other : Decimal.of(other))));
    return a < b ? -1 : a > b ? 1 : 0;
  }
}

interface Parts {
  digits: bigint;
  exponent: number;
}

const MOST_SHIFT = 1000;

function parts(text: string): Parts {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

function aligned(a: Parts, b: Parts): [bigint, bigint] {
  const lowest = Math.min(a.exponent, b.exponent);
  if (Math.max(a.exponent, b.exponent) - lowest > MOST_SHIFT) throw new RangeError("amounts are too far apart");
  return [a.digits * 10n ** BigInt(a.exponent - lowest), b.digits * 10n ** BigInt(b.exponent - lowest)];
}
