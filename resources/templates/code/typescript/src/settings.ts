/** What the surroundings say: addresses, secrets, places. Read once, when the connector starts. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Secret, System } from "./model.js";

/** Something that the connector cannot do without is not there. */
export class Missing extends Error {}

export class Settings {
  readonly stateDir: string;
  readonly deadLetters: string;
  readonly disableFile: string | undefined;
  readonly service: boolean;
  /** Waits and timeouts are divided by it: a drill need not take as long as the night it stands for. */
  readonly scale: number;
  readonly pageSize: number | undefined;
  private readonly secrets = new Set<string>();

  constructor(private readonly env: Record<string, string | undefined> = process.env) {
    this.stateDir = env["STATE_DIR"] || "state";
    this.deadLetters = env["DEAD_LETTER_FILE"] || join(this.stateDir, "dead-letters.jsonl");
    this.disableFile = env["DISABLE_FILE"] || undefined;
    this.service = env["RUN_MODE"] === "service";
    this.scale = Math.max(Number(env["TIME_SCALE"] ?? "1") || 1, 1);
    const page = Number(env["PAGE_SIZE"]);
    this.pageSize = Number.isInteger(page) && page > 0 ? page : undefined;
  }

  baseUrl(system: System): string {
    return (this.env[`${system.env}_BASE_URL`] ?? system.baseUrl).replace(/\/+$/, "");
  }

  tokenUrl(system: System): string {
    return this.env[`${system.env}_TOKEN_URL`] ?? system.auth.tokenUrl ?? "";
  }

  /** The value of a secret. It is remembered so that it can be kept out of logs and errors. */
  secret(reference: Secret): string {
    let value = this.env[reference.name] ?? "";
    if (reference.kind === "file") {
      try {
        value = readFileSync(reference.name, "utf8").trim();
      } catch {
        throw new Missing(`the secret file ${reference.name} cannot be read`);
      }
    }
    if (!value) throw new Missing(`${reference.kind}:${reference.name} is not set`);
    this.hide(value);
    return value;
  }

  /** Keeps a value out of everything that is written, in the forms that it travels in. */
  hide(value: string): void {
    if (value.length < 4) return;
    for (const form of [value, encodeURIComponent(value), Buffer.from(value).toString("base64")]) this.secrets.add(form);
  }

  clean(text: string): string {
    for (const secret of [...this.secrets].sort((a, b) => b.length - a.length)) text = text.replaceAll(secret, "[redacted]");
    return text.slice(0, 500);
  }

  get disabled(): boolean {
    return this.disableFile !== undefined && existsSync(this.disableFile);
  }
}

/** Every reference that these systems need. */
export function allSecrets(systems: Iterable<System>): Secret[] {
  return [...systems].flatMap(({ auth }) =>
    [auth.secret, auth.username, auth.password, auth.clientId, auth.clientSecret].filter((s) => s !== undefined),
  );
}
