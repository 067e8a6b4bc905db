/** What the connector remembers: checkpoints, effects and dead letters, in one SQLite file. Every change is on the disk before the next
 * request goes out. */

import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import * as json from "./json.js";
import type { Json } from "./model.js";
import { Stop } from "./outcome.js";
import type { Settings } from "./settings.js";

interface Statement {
  get(...values: unknown[]): unknown;
  run(...values: unknown[]): unknown;
}

interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

const SCHEMA = `
PRAGMA locking_mode=EXCLUSIVE;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS checkpoint (flow TEXT PRIMARY KEY, bound TEXT);
CREATE TABLE IF NOT EXISTS effect (
  flow TEXT, key TEXT, digest TEXT NOT NULL, version TEXT, idempotency_key TEXT NOT NULL, target_id TEXT,
  done INTEGER NOT NULL, PRIMARY KEY (flow, key));
CREATE TABLE IF NOT EXISTS dead_letter (
  flow TEXT, key TEXT, digest TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (flow, key));
INSERT OR REPLACE INTO checkpoint VALUES ('', NULL);
`;

/** Node's own SQLite, from 22.13 on; before that, better-sqlite3, which has the same calls. */
function open(path: string): Database {
  const load = createRequire(import.meta.url);
  try {
    const { DatabaseSync } = load("node:sqlite") as { DatabaseSync: new (path: string) => Database };
    return new DatabaseSync(path);
  } catch (e) {
    if (!["ERR_UNKNOWN_BUILTIN_MODULE", "MODULE_NOT_FOUND"].includes(String((e as { code?: unknown }).code))) throw e;
  }
  try {
    const Better = load("better-sqlite3") as new (path: string) => Database;
    return new Better(path);
  } catch {
    throw new Stop("state-unusable", "there is no SQLite: use Node 22.13 or later, or npm install better-sqlite3");
  }
}

export function digest(value: Json): string {
  return createHash("sha256").update(json.canonical(value)).digest("hex");
}

export interface Effect {
  readonly digest: string;
  readonly version: string | undefined;
  readonly idempotencyKey: string;
  readonly targetId: string | undefined;
  readonly done: boolean;
}

export class State {
  private readonly db: Database;
  private readonly statements = new Map<string, Statement>();

  constructor(private readonly settings: Settings) {
    mkdirSync(settings.stateDir, { recursive: true });
    try {
      this.db = open(join(settings.stateDir, "state.db"));
      // One process on one state: a second one is refused.
      this.db.exec(SCHEMA);
    } catch (e) {
      if (e instanceof Stop) throw e;
      throw new Stop("state-unusable", `the state in ${settings.stateDir} cannot be used: ${(e as Error).message}`);
    }
  }

  close(): void {
    this.db.close();
  }

  private sql(text: string): Statement {
    let statement = this.statements.get(text);
    if (!statement) this.statements.set(text, (statement = this.db.prepare(text)));
    return statement;
  }

  bound(flow: string): string | undefined {
    const row = this.sql("SELECT bound FROM checkpoint WHERE flow = ?").get(flow) as { bound: string | null } | undefined;
    return row?.bound ?? undefined;
  }

  setBound(flow: string, bound: string): void {
    this.sql("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)").run(flow, bound);
  }

  effect(flow: string, key: string): Effect | undefined {
    const row = this.sql("SELECT * FROM effect WHERE flow = ? AND key = ?").get(flow, key) as Record<string, string | null> | undefined;
    if (!row) return undefined;
    return {
      digest: row["digest"] ?? "",
      version: row["version"] ?? undefined,
      idempotencyKey: row["idempotency_key"] ?? "",
      targetId: row["target_id"] ?? undefined,
      done: Boolean(row["done"]),
    };
  }

  putEffect(flow: string, key: string, e: Effect): void {
    const values = [flow, key, e.digest, e.version ?? null, e.idempotencyKey, e.targetId ?? null, Number(e.done)];
    this.sql("INSERT OR REPLACE INTO effect VALUES (?, ?, ?, ?, ?, ?, ?)").run(...values);
  }

  /** Puts a record aside, once for each form of it; tells whether this is news. The file names it, the state keeps it. */
  bury(flow: string, key: string, code: string, because: string, record: Json): boolean {
    const form = digest([code, record]);
    const row = this.sql("SELECT digest FROM dead_letter WHERE flow = ? AND key = ?").get(flow, key) as { digest: string } | undefined;
    if (row?.digest === form) return false;
    const at = new Date().toISOString();
    const reason = this.settings.clean(because);
    mkdirSync(dirname(this.settings.deadLetters), { recursive: true });
    appendFileSync(this.settings.deadLetters, `${JSON.stringify({ flow, key, code, reason, at })}\n`);
    this.sql("INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?)").run(flow, key, form, code, reason, json.text(record), at);
    return true;
  }

  /** A record that was put aside has been delivered. */
  settleLetter(flow: string, key: string): void {
    this.sql("DELETE FROM dead_letter WHERE flow = ? AND key = ?").run(flow, key);
  }

  letters(flow: string): number {
    return (this.sql("SELECT count(*) AS n FROM dead_letter WHERE flow = ?").get(flow) as { n: number }).n;
  }
}
