/** The rules of a mapping at work. Missing, null and empty are three things:
 *
 * 1. missing: the default, else the target stays out; where the rule is required, the record is rejected;
 * 2. null: the default, or rejected where required, else looked up in the table under the key "null", else passed on;
 * 3. anything else goes through the steps, then through the table. Steps that end with nothing are case 1.
 */

import { Big } from "big.js";

import { isNumber } from "./json.js";
import { type Fields, isFields, type Json, type Secret } from "./model.js";

export const MISSING = Symbol("missing");
export const KEEP = Symbol("keep");

export type Key = string | number;
export type Found = Json | typeof MISSING;
export type Source = (record: Json) => Found;
export type Step = (value: Json, record: Json) => Found;
export type Condition = (record: Json) => boolean;
type Keys = readonly Key[];

/** Why a value cannot be mapped, without the value. */
export class Fault extends Error {
  constructor(
    readonly code: string,
    readonly because: string,
  ) {
    super(because);
  }
}

/** Why a record cannot be mapped. */
export class Rejected extends Error {
  constructor(
    readonly code: string,
    readonly target: string,
    source: string,
    because: string,
  ) {
    super(`${target} from ${source}: ${because}`);
  }
}

/** A secret key that a step works with; before it is put in, one that hides nothing. */
export class Keyed {
  static readonly all: Keyed[] = [];
  key = "platform-integration test key, not a secret";

  constructor(readonly secret: Secret) {
    Keyed.all.push(this);
  }
}

/** Puts the keys in. */
export function useKeys(resolve: (secret: Secret) => string): void {
  for (const keyed of Keyed.all) {
    const key = resolve(keyed.secret);
    if (Buffer.byteLength(key) < 32) throw new RangeError(`${keyed.secret.kind}:${keyed.secret.name} is shorter than 32 bytes`);
    keyed.key = key;
  }
}

/** A number without exponent, its digits as written. */
export function plain(value: Json): string {
  const text = String(value);
  return /[eE]/.test(text) ? new Big(text).toFixed() : text;
}

export function scalarText(value: Json): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  return isNumber(value) ? plain(value) : undefined;
}

/** The decimal of a number, or of a text that is one. */
export function exact(value: Found): Big | undefined {
  if (typeof value === "boolean" || value === MISSING) return undefined;
  const text = scalarText(value)?.trim() ?? "";
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$/.test(text) ? new Big(text.replace(/^\+/, "")) : undefined;
}

/** What stands at a path: MISSING where a part of it is not there or a parent is null. */
export function look(record: Json, path: Keys): Found {
  let value = record;
  for (const part of path) {
    if (value === null) return MISSING;
    if (typeof part === "string" && isFields(value)) {
      if (!Object.hasOwn(value, part)) return MISSING;
      value = value[part];
    } else if (typeof part === "number" && Array.isArray(value)) {
      if (part >= value.length) return MISSING;
      value = value[part];
    } else throw new Fault("wrong-shape", "a parent of the field is neither object nor list");
  }
  return value;
}

export function absent(value: Found): value is typeof MISSING | null {
  return value === MISSING || value === null;
}

// --- sources

export const field = (...path: Keys): Source => (record) => look(record, path);

export const constant = (value: Json): Source => () => value;

export const join = (separator: string, ...parts: Keys[]): Source => (record) => {
  const texts: string[] = [];
  for (const part of parts) {
    const value = look(record, part);
    if (absent(value)) continue;
    const text = scalarText(value);
    if (text === undefined) throw new Fault("not-convertible", `the part ${part.join(".")} cannot be joined`);
    texts.push(text);
  }
  return texts.length ? texts.join(separator) : MISSING;
};

export const firstOf = (...paths: Keys[]): Source => (record) => {
  for (const path of paths) {
    const value = look(record, path);
    if (!absent(value)) return value;
  }
  return MISSING;
};

export const template = (...pieces: (string | Keys)[]): Source => (record) => {
  let out = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      out += piece;
      continue;
    }
    const value = look(record, piece);
    if (absent(value)) return MISSING;
    const text = scalarText(value);
    if (text === undefined) throw new Fault("not-convertible", `the field ${piece.join(".")} cannot stand in a text`);
    out += text;
  }
  return out;
};

// --- conditions

/** The same value; numbers by value, so that 1 and 1.0 are one. */
export function same(a: Found, b: Json): boolean {
  if (isNumber(a) && isNumber(b)) {
    return sameNumber(exact(a), exact(b));
  }
  return typeof a !== "object" || a === null ? a === b : JSON.stringify(a) === JSON.stringify(b);
}

function found(record: Json, path: Keys): Found {
  try {
    return look(record, path);
  } catch {
    return MISSING;
  }
}

export const isIn = (path: Keys, ...values: Json[]): Condition => (record) => values.some((v) => same(found(record, path), v));
export const isNotIn = (path: Keys, ...values: Json[]): Condition => (record) => !values.some((v) => same(found(record, path), v));
export const present = (path: Keys, wanted: boolean): Condition => (record) => !absent(found(record, path)) === wanted;
export const above = (path: Keys, bound: string): Condition => (record) => exact(found(record, path))?.gt(bound) ?? false;
export const below = (path: Keys, bound: string): Condition => (record) => exact(found(record, path))?.lt(bound) ?? false;

// --- rules

export interface Settling {
  readonly values?: readonly (readonly [string, Json])[];
  /** What becomes of a value that the table lacks; nothing: the record is rejected. */
  readonly otherwise?: Json;
  readonly default?: Json;
  readonly required?: boolean;
  /** The source gives a finished value: a constant, a case, a list. */
  readonly whole?: boolean;
}

/** One line of the mapping. */
export class Rule {
  constructor(
    readonly target: Keys,
    readonly origin: string,
    private readonly source: Source,
    private readonly steps: readonly Step[] = [],
    private readonly settling: Settling = {},
  ) {}

  value(record: Json): Found {
    const value = this.source(record);
    return this.settled(this.settling.whole ? value : this.finish(value, record));
  }

  private settled(value: Found): Found {
    if (!absent(value)) return value;
    if ("default" in this.settling) return this.settling.default;
    if (this.settling.required) {
      throw new Fault("required-value-missing", "the value is missing or null, and the rule requires it");
    }
    return value;
  }

  /** Steps and table. */
  finish(given: Found, record: Json): Found {
    let value = given;
    if (value === null && ("default" in this.settling || this.settling.required)) value = MISSING;
    if (!absent(value)) value = through(this.steps, value, record);
    return value === MISSING || !this.settling.values ? value : this.lookedUp(value);
  }

  private lookedUp(value: Json): Json {
    const text = value === null ? "null" : scalarText(value);
    for (const [key, wanted] of this.settling.values ?? []) {
      if (text !== undefined && (key === text || (isNumber(value) && sameNumber(exact(key), exact(value))))) return wanted;
    }
    if (!("otherwise" in this.settling)) throw new Fault("unknown-value", "the table has no entry for it");
    return this.settling.otherwise === KEEP ? value : this.settling.otherwise;
  }
}

function sameNumber(a: Big | undefined, b: Big | undefined): boolean {
  return a !== undefined && b !== undefined && a.eq(b);
}

export function through(steps: readonly Step[], given: Json, record: Json): Found {
  let value: Found = given;
  for (const step of steps) {
    value = step(value, record);
    if (absent(value)) return MISSING;
    if (typeof value === "string" && Buffer.byteLength(value) > 1 << 20) {
      throw new Fault("out-of-range", "becomes longer than 1048576 bytes by its transforms");
    }
  }
  return value;
}

export const when = (cases: readonly (readonly [Condition, Rule])[], otherwise?: Rule): Source => (record) => {
  const rule = cases.find(([holds]) => holds(record))?.[1] ?? otherwise;
  return rule ? rule.value(record) : MISSING;
};

/** One value for each item of a list; `item` holds the steps and the table for each. */
export const each = (path: Keys, how: { take?: Keys; item?: Rule; mapping?: Mapping; then?: readonly Step[] }): Source => (record) => {
  const items = look(record, path);
  if (absent(items)) return items;
  if (!Array.isArray(items)) throw new Fault("wrong-shape", "each takes a list");
  const out: Json[] = [];
  for (const one of items as Json[]) {
    if (how.mapping) {
      try {
        out.push(how.mapping.apply(one));
      } catch (e) {
        throw e instanceof Rejected ? new Fault(e.code, e.message) : e;
      }
      continue;
    }
    const value = how.take ? look(one, how.take) : one;
    const made = how.item ? how.item.finish(value, record) : value;
    if (made !== MISSING) out.push(made);
  }
  return through(how.then ?? [], out, record);
};

export class Mapping {
  private readonly rules: readonly Rule[];

  constructor(...rules: Rule[]) {
    this.rules = rules;
  }

  /** The target record; throws Rejected with the first rule that cannot be applied. */
  apply(record: Json): Fields {
    const out: Fields = {};
    for (const rule of this.rules) {
      let value: Found;
      try {
        value = rule.value(record);
      } catch (e) {
        if (!(e instanceof Fault)) throw e;
        throw new Rejected(e.code, rule.target.join("."), rule.origin, e.because);
      }
      if (value !== MISSING) put(out, rule.target, value);
    }
    return out;
  }
}

/** Puts a value at a path, making objects and lists on the way. */
export function put(record: Fields, path: Keys, value: Json): void {
  let place: Fields | Json[] = record;
  path.forEach((part, i) => {
    const next = path[i + 1];
    const slots = place as Record<Key, Json>;
    if (Array.isArray(place)) while (place.length < Number(part)) place.push(null);
    if (next === undefined) {
      // `__proto__` is a name like any other.
      Object.defineProperty(slots, part, { value, writable: true, enumerable: true, configurable: true });
      return;
    }
    const there = Object.hasOwn(slots, part) ? slots[part] : undefined;
    if (!isFields(there) && !Array.isArray(there)) slots[part] = typeof next === "number" ? [] : {};
    place = slots[part] as Fields | Json[];
  });
}
