/** What a flow is: the words of `plan.ts`. A path is a list of names; an empty one is the value itself. */

import { LosslessNumber } from "lossless-json";

export type Path = readonly string[];

/** A reference to a secret: the variable or the file that holds it, never the value. */
export interface Secret {
  readonly kind: "env" | "file";
  readonly name: string;
}

/** How a system is told who asks. */
export interface Auth {
  readonly kind: "none" | "bearer" | "basic" | "header_key" | "query_key" | "client_credentials";
  readonly secret?: Secret;
  readonly username?: Secret;
  readonly password?: Secret;
  readonly name?: string;
  readonly tokenUrl?: string;
  readonly clientId?: Secret;
  readonly clientSecret?: Secret;
  readonly scopes?: readonly string[];
}

export interface Rate {
  readonly requests: number;
  readonly windowMs: number;
}

/** A platform. `env` is what its variables begin with: `CRM_BASE_URL`. */
export interface System {
  readonly name: string;
  readonly env: string;
  readonly baseUrl: string;
  readonly auth: Auth;
}

/** A parameter with the value that the contract gives. */
export interface Param {
  readonly name: string;
  readonly place: "path" | "query" | "header";
  readonly value: string;
}

/** An operation: its path holds placeholders like `{id}`. */
export interface Call {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly params?: readonly Param[];
}

/** How pages follow each other. */
export interface Paging {
  readonly style: "cursor" | "page" | "offset" | "link_header" | "link_body";
  readonly param?: string;
  readonly limitParam?: string;
  readonly limit?: number;
  readonly next?: Path;
  readonly lastItem?: string;
  readonly more?: Path;
  readonly total?: Path;
  readonly firstPage?: number;
}

export interface Source {
  readonly system: System;
  readonly list: Call;
  readonly key: Path;
  readonly items: Path;
  readonly inside?: Path;
  readonly paging?: Paging;
  /** The field that orders changes. */
  readonly changed?: Path;
  /** The parameter with the lower bound. */
  readonly since?: string;
  readonly rate?: Rate;
}

/** Find by natural key, then update or create. */
export interface Upsert {
  readonly how: "upsert";
  readonly match: Path;
  readonly find: Call;
  readonly findParam: string;
  readonly findItems: Path;
  readonly create: Call;
  readonly update: Call;
  readonly targetKey: string;
  readonly findPaging?: Paging;
  readonly idempotency?: string;
}

/** Put to an address that the record's key names. */
export interface Put {
  readonly how: "put";
  readonly put: Call;
  readonly key?: Path;
}

/** Create once; `idempotency` is the header with the key of the effect. */
export interface Create {
  readonly how: "create";
  readonly create: Call;
  readonly idempotency?: string;
}

/** Many records in one request, each answered by a result of its own. */
export interface Bulk {
  readonly how: "bulk";
  readonly write: Call;
  readonly records: Path;
  readonly results: Path;
  readonly key: Path;
  readonly size: number;
  readonly resultKey?: string;
}

export interface Target {
  readonly system: System;
  readonly write: Upsert | Put | Create | Bulk;
  readonly rate?: Rate;
}

export interface Delivery {
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly timeoutMs: number;
  readonly fullJitter: boolean;
  readonly honorRetryAfter: boolean;
  readonly breaker?: { readonly openAfter: number; readonly probeEveryMs: number };
}

/** One flow from a source to a target; `mapping` is the name of its export of `mapping.ts`. */
export interface Flow {
  readonly name: string;
  readonly mapping: string;
  readonly source: Source;
  readonly target: Target;
  readonly delivery: Delivery;
  readonly everyMs?: number;
}

export type Json = unknown;
export type Fields = Record<string, Json>;

export function isFields(value: Json): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber);
}

/** The value at a path; undefined where there is none. */
export function at(value: Json, path: Path): Json {
  let here = value;
  for (const name of path) {
    if (isFields(here)) here = Object.hasOwn(here, name) ? here[name] : undefined;
    else if (Array.isArray(here) && /^\d+$/.test(name)) here = here[Number(name)];
    else return undefined;
  }
  return here;
}

/** A number of this text, its digits as written. */
export function num(text: string): LosslessNumber {
  return new LosslessNumber(text);
}
