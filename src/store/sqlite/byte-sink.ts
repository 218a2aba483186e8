/**
 * Bytes that grow at their end, and JSON written straight into them: a record becomes bytes without ever being a string,
 * which halves what storing it costs. The JSON is what JSON.stringify gives, byte by byte.
 */

/** Where bytes are put one after the other. */
export class ByteSink {
  buffer: Buffer<ArrayBuffer>;
  length = 0;

  /** `capacity`: bytes to begin with. */
  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for `more` bytes at the end. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(capacityFor(needed));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** Puts text as UTF-8. */
  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length);
  }

  /** Puts text of code units below 256, a byte each. */
  latin1(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  /** Puts an integer from 0 to 2^53 in decimal, with zeros before it up to `width` digits; one that is longer is cut. */
  decimal(value: number, width: number): void {
    this.reserve(width);
    const start = this.length;
    const end = start + width;
    const middle = Math.max(start, end - SEVEN);
    const high = Math.floor(value / TEN_MILLION);
    digits(this.buffer, value - high * TEN_MILLION, middle, end);
    digits(this.buffer, high, start, middle);
    this.length = end;
  }

  /** Puts a value as JSON; members that are undefined are left out, what JSON has no word for is null. */
  json(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.latin1(value ? 'true' : 'false');
        return;
      case 'object':
        if (value === null) this.latin1('null');
        else if (Array.isArray(value)) this.#array(value);
        else this.#object(value as Readonly<Record<string, unknown>>);
        return;
      default:
        this.latin1('null');
    }
  }

  #array(values: readonly unknown[]): void {
    this.#byte(OPEN_ARRAY);
    for (let index = 0; index < values.length; index += 1) {
      if (index > 0) this.#byte(COMMA);
      this.json(values[index]);
    }
    this.#byte(CLOSE_ARRAY);
  }

  #object(object: Readonly<Record<string, unknown>>): void {
    this.#byte(OPEN_OBJECT);
    let written = 0;
    for (const name in object) {
      const value = object[name];
      if (value === undefined) continue;
      if (written > 0) this.#byte(COMMA);
      written += 1;
      this.#text(name);
      this.#byte(COLON);
      this.json(value);
    }
    this.#byte(CLOSE_OBJECT);
  }

  /** A plain ASCII text goes over code by code; any other is left to the engine. */
  #text(text: string): void {
    const { length } = text;
    this.reserve(length + 2);
    const { buffer } = this;
    let at = this.length;
    buffer[at++] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code < FIRST_PLAIN || code > LAST_PLAIN || code === QUOTE || code === BACKSLASH) {
        this.utf8(JSON.stringify(text));
        return;
      }
      buffer[at++] = code;
    }
    buffer[at++] = QUOTE;
    this.length = at;
  }

  #number(value: number): void {
    if (value < 0 || !Number.isSafeInteger(value)) this.latin1(JSON.stringify(value));
    else if (value < TEN_MILLION) this.decimal(value, digitsOf(value));
    else this.decimal(value, digitsOf(Math.floor(value / TEN_MILLION)) + SEVEN);
  }

  #byte(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1);
    this.buffer[this.length++] = value;
  }
}

/** Writes the decimal digits of an integer below 2^31 from `start` to before `end`, with zeros before them. */
function digits(buffer: Buffer, value: number, start: number, end: number): void {
  let rest = value | 0;
  for (let at = end - 1; at >= start; at -= 1) {
    const tens = (rest / 10) | 0;
    buffer[at] = DIGIT_0 + rest - tens * 10;
    rest = tens;
  }
}

/** How many decimal digits an integer from 0 to 10^9 has. */
function digitsOf(value: number): number {
  let count = 1;
  for (let power = 10; value >= power; power *= 10) count += 1;
  return count;
}

function capacityFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

const TEN_MILLION = 10_000_000;
/** Digits below ten million. */
const SEVEN = 7;
const DIGIT_0 = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PLAIN = 0x20;
const LAST_PLAIN = 0x7e;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
