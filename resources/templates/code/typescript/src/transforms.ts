/** The transforms that the mapping uses. Each takes a value that is neither missing nor null; what it cannot take it refuses, and guesses
 * nothing. */

import { createHash, createHmac } from "node:crypto";

import { Big } from "big.js";

import { canonical as canonicalJson, isNumber, text as jsonText } from "./json.js";
import { exact, Fault, type Found, type Key, Keyed, look, MISSING, plain, scalarText, type Step } from "./mapper.js";
import { isFields, type Json, num, type Secret } from "./model.js";

//: base
const Exact = Big();
Exact.DP = 60;

/** White space as Unicode has it; trim() takes one character more. */
const WHITE = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

function stripped(value: string): string {
  return value.replace(new RegExp(`^${WHITE}+|${WHITE}+$`, "g"), "");
}

function textOf(name: string, value: Json): string {
  if (typeof value !== "string") throw new Fault("not-convertible", `${name} takes a text`);
  return value;
}

function listOf(name: string, value: Json): Json[] {
  if (!Array.isArray(value)) throw new Fault("not-convertible", `${name} takes a list`);
  return value as Json[];
}

function isDecimal(text: string): boolean {
  return /^[+-]?[0-9]+(\.[0-9]+)?$/.test(text);
}

/** A decimal text as JSON writes it. */
function canonical(text: string): string {
  const sign = text.startsWith("-") ? "-" : "";
  const [whole = "", fraction] = text.replace(/^[+-]/, "").split(".");
  const short = whole.replace(/^0+/, "") || "0";
  if (fraction !== undefined) return `${sign}${short}.${fraction}`;
  return short === "0" ? "0" : `${sign}${short}`;
}

/** The digits of a number that is whole by value. */
function integer(value: Json): string | undefined {
  const [whole = "", fraction = ""] = plain(value).split(".");
  if (/[^0]/.test(fraction)) return undefined;
  return whole === "-0" ? "0" : whole;
}

/** An exact decimal of at most 28 digits. */
function decimal(value: Json): Big | undefined {
  if (typeof value === "string" && !isDecimal(value)) return undefined;
  const found = exact(value);
  if (found === undefined) return undefined;
  const [whole = "", fraction = ""] = found.abs().toFixed().split(".");
  return (whole + fraction).replace(/^0+/, "").length <= 28 && fraction.length <= 28 ? found : undefined;
}

const EXPONENTS: Record<string, number> = Object.fromEntries([
  ..."BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ").map((c): [string, number] => [c, 0]),
  ..."BHD IQD JOD KWD LYD OMR TND".split(" ").map((c): [string, number] => [c, 3]),
  ..."CLF UYW".split(" ").map((c): [string, number] => [c, 4]),
]);

/** Digits after the point of the currency that the record names; an amount without one is not guessed. */
function placesOf(path: readonly Key[], record: Json): number {
  let code: Found = MISSING;
  try {
    code = look(record, path);
  } catch {
    // A parent that is neither object nor list holds no currency.
  }
  if (typeof code !== "string" || !/^[A-Za-z]{3}$/.test(code)) {
    throw new Fault("unknown-currency", "the record has no currency code of three letters");
  }
  return EXPONENTS[code.toUpperCase()] ?? 2;
}

/** Whole seconds since 1970, and the digits of the fraction. Without a zone the instant would be a guess. */
function instant(text: string): [number, string] {
  const found = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text.trim());
  const at = found && isDate(found[1] ?? "") ? Date.parse(`${found[1]}T${found[2]}${found[4]?.toUpperCase()}`) : NaN;
  if (!found || Number.isNaN(at)) throw new Fault("not-convertible", "is not a date-time with a time zone");
  return [at / 1000, found[3] ?? ""];
}

function utc(seconds: number, fraction = ""): string {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 0 || at.getUTCFullYear() > 9999) {
    throw new Fault("out-of-range", "is no time between the years 0 and 9999; check its unit");
  }
  const digits = fraction.replace(/0+$/, "");
  return `${at.toISOString().slice(0, 19)}${digits ? `.${digits}` : ""}Z`;
}

function isDate(text: string): boolean {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return at !== undefined && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** Milliseconds that clocks in a zone are ahead of UTC. */
function offset(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat("en-US-u-hc-h23", {
    timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((p) => p.type === type)?.value ?? 0);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - Math.floor(at / 1000) * 1000;
}

/** The instants that a local time may be, by the offsets before and after it: one, or two where clocks were changed. */
function candidates(zone: string, local: number): [number, number] {
  const day = 86_400_000;
  const [before, after] = [local - offset(zone, local - day), local - offset(zone, local + day)];
  const holds = (at: number): boolean => at + offset(zone, at) === local;
  if (before === after) return [before, before];
  if (holds(before) === holds(after)) return [before, after];
  return holds(before) ? [before, before] : [after, after];
}

//: trim
export function trim(value: Json): string {
  return stripped(textOf("trim", value));
}

//: lower
export function lower(value: Json): string {
  // Character by character: where the small form has several, the capital stays.
  return [...textOf("lower", value)].map((c) => ([...c.toLowerCase()].length === 1 ? c.toLowerCase() : c)).join("");
}

//: upper
export function upper(value: Json): string {
  return [...textOf("upper", value)].map((c) => ([...c.toUpperCase()].length === 1 ? c.toUpperCase() : c)).join("");
}

//: split
export const split = (separator: string): Step => (value) => textOf("split", value).split(separator);

//: first
export function first(value: Json): Found {
  const items = listOf("first", value);
  return items.length ? items[0] : MISSING;
}

//: last
export function last(value: Json): Found {
  const items = listOf("last", value);
  return items.length ? items.at(-1) : MISSING;
}

//: replace
export const replace = (...pairs: [string, string][]): Step => (value) =>
  pairs.reduce((text, [old, fresh]) => text.split(old).join(fresh), textOf("replace", value));

//: truncate
export const truncate = (most: number): Step => (value) => [...textOf("truncate", value)].slice(0, most).join("");

//: to_string
export function toString(value: Json): string {
  const text = scalarText(value);
  if (text === undefined) throw new Fault("not-convertible", "to_string takes a text, a number or a flag");
  return text;
}

//: to_integer
export function toInteger(value: Json): Json {
  let digits: string | undefined;
  if (isNumber(value)) digits = integer(value);
  else {
    const text = stripped(textOf("to_integer", value));
    if (isDecimal(text) && !text.includes(".")) digits = canonical(text);
  }
  if (digits === undefined) throw new Fault("not-convertible", "is not a whole number");
  return num(digits);
}

//: to_number
export function toNumber(value: Json): Json {
  if (isNumber(value)) return value;
  const text = stripped(textOf("to_number", value));
  if (!isDecimal(text)) throw new Fault("not-convertible", "is not a plain decimal number");
  return num(canonical(text));
}

//: to_boolean
export function toBoolean(value: Json): boolean {
  if (typeof value === "boolean") return value;
  const word = isNumber(value) ? (integer(value) ?? "") : stripped(textOf("to_boolean", value)).toLowerCase();
  if (["true", "yes", "y", "on", "1"].includes(word)) return true;
  if (["false", "no", "n", "off", "0"].includes(word)) return false;
  throw new Fault("not-convertible", "is neither a word for true nor one for false");
}

//: minor_to_major
export const minorToMajor = (...currency: Key[]): Step => (value, record) => {
  const found = isNumber(value) ? integer(value) : undefined;
  if (found === undefined) throw new Fault("not-convertible", "is not a whole number");
  const places = placesOf(currency, record);
  const sign = found.startsWith("-") ? "-" : "";
  const all = found.slice(sign.length).padStart(places + 1, "0");
  return places ? `${sign}${all.slice(0, -places)}.${all.slice(-places)}` : found;
};

//: major_to_minor
export const majorToMinor = (...currency: Key[]): Step => (value, record) => {
  const text = isNumber(value) ? plain(value) : stripped(textOf("major_to_minor", value));
  if (!isDecimal(text)) throw new Fault("not-convertible", "is not a plain decimal number");
  const places = placesOf(currency, record);
  const [whole = "", fraction = ""] = canonical(text).split(".");
  if (/[^0]/.test(fraction.slice(places))) throw new Fault("out-of-range", `has more than the ${places} digits of its currency`);
  return num(canonical(whole + fraction.slice(0, places).padEnd(places, "0")));
};

//: epoch_to_datetime
export const epochToDatetime = (unit: "seconds" | "millis"): Step => (value) => {
  const found = isNumber(value) ? integer(value) : undefined;
  if (found === undefined) throw new Fault("not-convertible", "is not a whole number");
  const at = BigInt(found);
  if (unit === "seconds") return utc(Number(at));
  const millis = ((at % 1000n) + 1000n) % 1000n;
  return utc(Number((at - millis) / 1000n), millis ? String(millis).padStart(3, "0") : "");
};

//: datetime_to_epoch
export const datetimeToEpoch = (unit: "seconds" | "millis"): Step => (value) => {
  const [seconds, fraction] = instant(textOf("datetime_to_epoch", value));
  return num(String(unit === "seconds" ? seconds : seconds * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3))));
};

//: local_to_utc
export const localToUtc = (zone: string, ambiguous: "reject" | "earlier" | "later" = "reject"): Step => (value) => {
  const text = stripped(textOf("local_to_utc", value));
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?$/.exec(text);
  const local = found && isDate(found[1] ?? "") ? Date.parse(`${found[1]}T${found[2]}${found[3] ?? ":00"}Z`) : NaN;
  if (!found || Number.isNaN(local)) {
    throw new Fault("not-convertible", "is not a date and time without zone, like 2026-03-01 14:05:00");
  }
  const all = candidates(zone, local);
  if (all[0] !== all[1] && ambiguous === "reject") {
    throw new Fault("ambiguous-time", "is a time that the clocks of the zone skipped or showed twice");
  }
  return utc((ambiguous === "later" ? Math.max(...all) : Math.min(...all)) / 1000, found[4] ?? "");
};

//: date_only
export function dateOnly(value: Json): string {
  const text = textOf("date_only", value);
  const day = text.slice(0, 10);
  const whole = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?$/.test(text);
  if (!whole || !isDate(day)) throw new Fault("not-convertible", "is neither a date nor a date-time");
  return day;
}

//: round
export const round = (places: number): Step => (value) => {
  const found = isNumber(value) ? decimal(value) : undefined;
  if (found === undefined) throw new Fault(isNumber(value) ? "out-of-range" : "not-convertible", "is no number of at most 28 digits");
  const fraction = plain(value).split(".")[1]?.length ?? 0;
  return num(found.round(places, Big.roundHalfUp).toFixed(Math.min(fraction, places)));
};

//: not
export function not(value: Json): boolean {
  if (typeof value !== "boolean") throw new Fault("not-convertible", "not takes a flag");
  return !value;
}

//: sha256
export function sha256(value: Json): string {
  return createHash("sha256").update(textOf("sha256", value)).digest("hex");
}

//: pseudonym
/** A keyed hash (HMAC-SHA256): who has the key gets the same pseudonym, who has not finds nothing. */
export const pseudonym = (secret: Secret, form: "hex" | "base64url" = "hex", length = 64): Step => {
  const keyed = new Keyed(secret);
  return (value) => createHmac("sha256", keyed.key).update(textOf("pseudonym", value)).digest(form).slice(0, length);
};

//: collapse_spaces
export function collapseSpaces(value: Json): string {
  return stripped(textOf("collapse_spaces", value)).replace(new RegExp(`${WHITE}+`, "g"), " ");
}

//: digits
export function digits(value: Json): string {
  return textOf("digits", value).replace(/[^0-9]/g, "");
}

//: prefix
export const prefix = (before: string): Step => (value) => before + textOf("prefix", value);

//: suffix
export const suffix = (after: string): Step => (value) => textOf("suffix", value) + after;

//: pad_start
export const padStart = (width: number): Step => (value) => {
  const text = textOf("pad_start", value);
  return "0".repeat(Math.max(0, width - [...text].length)) + text;
};

//: nfc
export function nfc(value: Json): string {
  return textOf("nfc", value).normalize("NFC");
}

//: drop_empty
export function dropEmpty(value: Json): Found {
  return value === "" || (Array.isArray(value) && value.length === 0) ? MISSING : value;
}

//: mask
export const mask = (keep: number): Step => (value) => {
  const all = [...textOf("mask", value)];
  const hidden = all.length <= keep ? all.length : all.length - keep;
  return "*".repeat(hidden) + all.slice(hidden).join("");
};

//: arithmetic
function calculated(value: Json, calculate: (a: Big) => Big): Json {
  if (!isNumber(value)) throw new Fault("not-convertible", "takes a number");
  const found = decimal(value);
  const result = found && calculate(new Exact(found));
  const all = result?.abs().toFixed().replace(".", "").replace(/^0+/, "") ?? "";
  if (!result || all.length > 28) throw new Fault("out-of-range", "has, or gives, more than 28 digits");
  return num(result.eq(0) ? "0" : result.toFixed());
}

//: multiply
export const multiply = (by: string): Step => (value) => calculated(value, (a) => a.times(by));

//: divide
export const divide = (by: string): Step => (value) => calculated(value, (a) => a.div(by));

//: negate
export function negate(value: Json): Json {
  return calculated(value, (a) => a.neg());
}

//: absolute
export function absolute(value: Json): Json {
  return calculated(value, (a) => a.abs());
}

//: format_decimal
export const formatDecimal = (places: number): Step => (value) => {
  const found = decimal(value);
  if (found === undefined) throw new Fault("not-convertible", "is no decimal number of at most 28 digits");
  return found.round(places, Big.roundHalfUp).toFixed(places);
};

//: parse_decimal
export const parseDecimal = (point: string, group = ""): Step => (value) => {
  const text = stripped(textOf("parse_decimal", value));
  const sign = text.startsWith("-") ? "-" : "";
  const unsigned = text.slice(sign.length);
  const at = unsigned.indexOf(point);
  const [whole, fraction] = at < 0 ? [unsigned, undefined] : [unsigned.slice(0, at), unsigned.slice(at + point.length)];
  const groups = group ? whole.split(group) : [whole];
  // Groups are of three digits: anything else was written with other marks.
  const sound = groups.every((g, i) => (i === 0 ? groups.length === 1 || g.length <= 3 : g.length === 3));
  const made = groups.join("") + (fraction === undefined ? "" : `.${fraction}`);
  if (!sound || !isDecimal(made) || /^[+-]/.test(made)) throw new Fault("not-convertible", "is no number with these marks");
  return num(canonical(sign + made));
};

//: parse_date
export const parseDate = (form: string): Step => {
  const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = escaped.replace("%d", "(?<d>\\d{1,2})").replace("%m", "(?<m>\\d{1,2})").replace("%Y", "(?<Y>\\d{4})");
  return (value) => {
    const found = new RegExp(`^${pattern}$`).exec(stripped(textOf("parse_date", value)))?.groups;
    const day = found ? `${found["Y"]}-${found["m"]?.padStart(2, "0")}-${found["d"]?.padStart(2, "0")}` : "";
    if (!isDate(day)) throw new Fault("not-convertible", "is no date of this form");
    return day;
  };
};

//: format_date
export const formatDate = (form: string): Step => (value) => {
  const day = textOf("format_date", value);
  if (!isDate(day)) throw new Fault("not-convertible", "is no date like 2026-10-01");
  return form.replaceAll("%d", day.slice(8)).replaceAll("%m", day.slice(5, 7)).replaceAll("%Y", day.slice(0, 4));
};

//: date_to_datetime
export const dateToDatetime = (zone: string): Step => (value) => {
  const day = textOf("date_to_datetime", value);
  if (!isDate(day)) throw new Fault("not-convertible", "is no date like 2026-10-01");
  // Where the clocks skip midnight, the day begins after it.
  return utc(candidates(zone, Date.parse(`${day}T00:00:00Z`))[0] / 1000);
};

//: to_utc
export function toUtc(value: Json): string {
  return utc(...instant(textOf("to_utc", value)));
}

//: unique
export function unique(value: Json): Json[] {
  const seen = new Set<string>();
  return listOf("unique", value).filter((item) => {
    // 1 and 1.0 are one; "1" is not, nor is true.
    const form = isNumber(item) ? `n${exact(item)?.toString()}` : `v${canonicalJson(item)}`;
    return !seen.has(form) && Boolean(seen.add(form));
  });
}

//: compact
export function compact(value: Json): Json[] {
  return listOf("compact", value).filter((item) => item !== null && item !== "");
}

//: sort
export function sort(value: Json): Json[] {
  const rank = (item: Json): number => (isNumber(item) ? 0 : typeof item === "string" ? 1 : 2);
  return [...listOf("sort", value)].sort((a, b) => {
    if (rank(a) === 0 && rank(b) === 0) return exact(a)?.cmp(exact(b) ?? 0) ?? 0;
    if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
    return rank(a) - rank(b);
  });
}

//: take
export const take = (most: number): Step => (value) => listOf("take", value).slice(0, most);

//: join_items
export const joinItems = (separator: string): Step => (value) => {
  const texts = listOf("join_items", value).filter((item) => item !== null).map(scalarText);
  if (texts.includes(undefined)) throw new Fault("not-convertible", "has an item that is a list or an object");
  return texts.join(separator);
};

//: count
export function count(value: Json): Json {
  return num(String(listOf("count", value).length));
}

//: wrap
export function wrap(value: Json): Json[] {
  if (Array.isArray(value)) throw new Fault("not-convertible", "wrap takes anything but a list");
  return [value];
}

//: to_json
export function toJson(value: Json): string {
  if (!Array.isArray(value) && !isFields(value)) throw new Fault("not-convertible", "to_json takes a list or an object");
  return jsonText(value);
}
