/** What an attempt comes to when it does not come to an answer. */

import { isFields, type Json } from "./model.js";

/** Another attempt may help. `unknown`: it may have been done all the same. */
export class Again extends Error {
  readonly unknown: boolean;
  readonly wait: number | undefined;
  readonly throttled: boolean;

  constructor(
    readonly code: string,
    readonly because: string,
    more: { unknown?: boolean; wait?: number | undefined; throttled?: boolean } = {},
  ) {
    super(because);
    this.unknown = more.unknown ?? true;
    this.wait = more.wait;
    this.throttled = more.throttled ?? false;
  }
}

/** The same request would be refused again. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly says: string,
    readonly code = "rejected-by-target",
    readonly wait: number | undefined = undefined,
  ) {
    super(says ? `status ${status}: ${says}` : `status ${status}`);
  }
}

/** This record cannot be delivered; the others can. */
export class Dead extends Error {
  constructor(
    readonly code: string,
    readonly because: string,
  ) {
    super(because);
  }
}

/** The flow has to end here; the next run goes on from the checkpoint. */
export class Stop extends Error {
  constructor(
    readonly code: string,
    readonly because: string,
  ) {
    super(because);
  }
}

export interface Envelope {
  readonly kind: "throttled" | "transient" | "unauthorized" | "refused";
  readonly says: string;
}

const TELLING = [
  "extensions", "code", "error", "error_code", "type", "title", "message", "msg", "detail", "reason",
  "error_description", "description", "errors",
];

/** The words of an error body, wherever they stand (RFC 9457, or a vendor's own form). */
export function says(body: Json): string {
  const words = new Set<string>();
  const collect = (value: Json, depth: number): void => {
    if (typeof value === "string") {
      if (value && value !== "about:blank") words.add(value);
    } else if (Array.isArray(value)) {
      if (depth < 4) value.slice(0, 3).forEach((item) => collect(item, depth + 1));
    } else if (isFields(value) && depth < 4) {
      for (const key of TELLING) if (key in value) collect(value[key], depth + 1);
    }
  };
  if (isFields(body)) collect(body, 0);
  return [...words].join(": ").slice(0, 200);
}

function kind(words: string): Envelope["kind"] {
  const plain = words.toLowerCase().replace(/[^a-z0-9]/g, " ");
  const has = (...phrases: string[]): boolean => phrases.some((p) => plain.includes(p));
  if (has("rate limit", "ratelimit", "too many requests", "throttl", "quota exceeded", "slow down")) return "throttled";
  if (has("invalid auth", "not authed", "token expired", "expired token", "token revoked", "invalid token", "unauthor",
    "unauthenticated", "invalid api key", "account inactive", "invalid credentials")) return "unauthorized";
  if (has("temporar", "try again", "timed out", "timeout", "unavailable", "overload", "maintenance", "internal error",
    "internal server", "server error", "service busy", "service error", "fatal error")) return "transient";
  return "refused";
}

/** An error told inside of a success; `holds`: what was asked for is there beside it. */
export function envelope(body: Json, holds: "nothing" | "records" | "record" = "nothing"): Envelope | undefined {
  if (!isFields(body)) return undefined;
  let told = body["ok"] === false || body["success"] === false;
  if (holds !== "record") {
    const errors = body["errors"];
    told ||= Array.isArray(errors) ? errors.length > 0 : isFields(errors) ? Object.keys(errors).length > 0
      : typeof errors === "string" && errors !== "";
  }
  if (holds === "nothing") {
    const error = body["error"];
    told ||= error === true || isFields(error) || (typeof error === "string" && error !== "");
    told ||= ["error", "fail", "failure"].includes(body["status"] as string);
  }
  if (!told) return undefined;
  const words = says(body);
  return { kind: kind(words), says: words };
}
