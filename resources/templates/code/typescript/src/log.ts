/** Log lines: JSON, one a line, to stderr, without secrets and without records. */

import type { Settings } from "./settings.js";

export type Level = "info" | "warn" | "error";

export class Log {
  constructor(
    private readonly settings: Settings,
    private readonly fields: Record<string, unknown> = {},
    private readonly out: (line: string) => void = (line) => process.stderr.write(line),
  ) {}

  /** The same with more fields on each line. */
  bind(fields: Record<string, unknown>): Log {
    return new Log(this.settings, { ...this.fields, ...fields }, this.out);
  }

  write(level: Level, event: string, fields: Record<string, unknown> = {}): void {
    const line = { at: new Date().toISOString(), level, event, ...this.fields, ...fields };
    const clean = Object.entries(line).map(([k, v]) => [k, typeof v === "string" ? this.settings.clean(v) : v]);
    this.out(`${JSON.stringify(Object.fromEntries(clean))}\n`);
  }
}
