/** Compares versions, natural keys and values by what they mean. */

import { Big } from "big.js";

import { isNumber, scalar } from "./json.js";
import { isFields, type Json } from "./model.js";

/** An RFC 3339 date-time as an instant: milliseconds of its whole seconds, and the fraction. */
function instant(text: string): [number, number] | undefined {
  const found = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/.exec(text);
  if (!found) return undefined;
  const [, day, clock, fraction, zone = ""] = found;
  const at = Date.parse(`${day}T${clock}${zone.includes(":") || zone.length === 1 ? zone.toUpperCase() : `${zone.slice(0, 3)}:${zone.slice(3)}`}`);
  return Number.isNaN(at) ? undefined : [at, Number(fraction ?? 0)];
}

function number(text: string): Big | undefined {
  return /^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/.test(text) ? new Big(text.replace(/^\+/, "")) : undefined;
}

/** Whether version `a` is newer than `b`: instants as instants, numbers as numbers, anything else as text. */
export function newer(a: string, b: string): boolean {
  const [x, y] = [instant(a), instant(b)];
  if (x && y) return x[0] > y[0] || (x[0] === y[0] && x[1] > y[1]);
  const [m, n] = [number(a), number(b)];
  if (m && n) return m.gt(n);
  return a > b;
}

/** The form in which natural keys are compared. */
export function keyForm(text: string): string {
  const plain = text.trim();
  return plain.includes("@") ? plain.toLowerCase() : plain;
}

/** Whether the target already says what is wanted: objects may hold more, numbers and instants may be written otherwise. */
export function satisfied(wants: Json, has: Json): boolean {
  if (wants === null || wants === undefined) return has === null || has === undefined;
  if (Array.isArray(wants)) {
    return Array.isArray(has) && wants.length === has.length && wants.every((w, i) => satisfied(w, has[i]));
  }
  if (isFields(wants)) return isFields(has) && Object.entries(wants).every(([k, v]) => satisfied(v, has[k]));
  if (isNumber(wants)) {
    const [w, h] = [number(scalar(wants) ?? ""), isNumber(has) ? number(scalar(has) ?? "") : undefined];
    return w !== undefined && h !== undefined && w.eq(h);
  }
  if (typeof wants === "string" && typeof has === "string") {
    const [w, h] = [instant(wants), instant(has)];
    return wants === has || (w !== undefined && h !== undefined && w[0] === h[0] && w[1] === h[1]);
  }
  return wants === has;
}
