/** JSON whose numbers keep every digit that they came with. */

import { LosslessNumber, parse as read, stringify } from "lossless-json";

import { isFields, type Json } from "./model.js";

export function parse(text: string): Json {
  return read(text);
}

export function text(value: Json): string {
  return stringify(value) ?? "null";
}

/** The same text for the same value, however its fields are ordered. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (isFields(value)) {
    const fields = Object.keys(value).sort();
    return `{${fields.map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;
  }
  return text(value ?? null);
}

export function isNumber(value: Json): value is number | LosslessNumber {
  return typeof value === "number" || value instanceof LosslessNumber;
}

/** The text of a scalar as it stands in a URL or as a key. */
export function scalar(value: Json): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || isNumber(value)) return value.toString();
  return undefined;
}
