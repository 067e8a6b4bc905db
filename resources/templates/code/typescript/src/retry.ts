/** When something is sent again: pure rules over statuses, headers and attempts. Times are milliseconds. */

import type { Delivery } from "./model.js";

/** The longest wait that a server can ask for before the run ends instead of sleeping through it. */
export const LONGEST_WAIT = 15 * 60_000;

export type Kind = "success" | "redirect" | "unauthorized" | "throttled" | "not_done" | "unknown" | "refused";

export function kind(status: number): Kind {
  if (status >= 200 && status < 300) return "success";
  if (status < 200 || (status >= 300 && status < 400)) return "redirect";
  if (status === 401) return "unauthorized";
  if (status === 429) return "throttled";
  if (status === 425) return "not_done";
  if ([501, 505, 510, 511].includes(status)) return "refused";
  // It may have been done: a gateway answers for a backend that went on.
  return status === 408 || status >= 500 ? "unknown" : "refused";
}

/** The wait before the next attempt: exponential, capped, full jitter (AWS Builders' Library). */
export function backoff(policy: Delivery, made: number): number {
  const bound = Math.min(policy.baseMs * 2 ** Math.max(made - 1, 0), policy.capMs);
  return policy.fullJitter ? Math.random() * bound : bound;
}

function delta(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) * 1000 : undefined;
}

function date(text: string | null): number | undefined {
  const at = text && /[A-Za-z]/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

function until(text: string, headers: Headers, now: number): number | undefined {
  const at = date(text.trim());
  // Against the server's own clock, so that one that is off means what it says.
  return at === undefined ? undefined : Math.max(0, at - (date(headers.get("date")) ?? now));
}

/** How long the server asks to be left alone: Retry-After in both forms (RFC 9110 section 10.2.3), else the reset of a rate limit
 * field. Nothing where nothing usable is said. */
export function advised(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after");
  const wait = value === null ? undefined : (delta(value) ?? until(value, headers, now));
  return wait ?? reset(headers, now);
}

function reset(headers: Headers, now: number): number | undefined {
  for (const name of ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"]) {
    const value = headers.get(name);
    if (value === null) continue;
    const wait = delta(value);
    if (wait === undefined) return until(value, headers, now);
    if (wait < 1e12) return wait;
    // An epoch, in seconds or milliseconds: no wait is thirty years long.
    return Math.max(0, (wait >= 1e14 ? wait / 1000 : wait) - (date(headers.get("date")) ?? now));
  }
  return undefined;
}

/** How long to wait because this answer says that no request is left in the window. */
export function exhausted(headers: Headers, now: number): number | undefined {
  const left = headers.get("ratelimit-remaining") ?? headers.get("x-ratelimit-remaining");
  if (left === null || delta(left) === undefined || Number(left) >= 1) return undefined;
  return reset(headers, now);
}
