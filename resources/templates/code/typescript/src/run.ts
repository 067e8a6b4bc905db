/** One pass of a flow: read, map, deliver, and only then move the checkpoint. */

import { keyForm, newer } from "./compare.js";
import { Deliverer, type Item } from "./deliver.js";
import { Client, type Fetch, type Switch } from "./http.js";
import * as json from "./json.js";
import type { Log } from "./log.js";
import { type Mapping, Rejected } from "./mapper.js";
import { at, type Flow, isFields, type Json } from "./model.js";
import { Dead, Refused, Stop } from "./outcome.js";
import { pages } from "./pages.js";
import type { Settings } from "./settings.js";
import { digest, type State } from "./state.js";

/** A pass and its counts. It ends well when every record that it read is in the target. */
export class Pass {
  readonly counts: Record<string, number> = {};
  stopped: Stop | undefined;
  private readonly log: Log;
  private readonly claims = new Map<string, string>();
  private readonly source: Client;
  private readonly deliverer: Deliverer;

  constructor(
    private readonly flow: Flow,
    private readonly mapping: Mapping,
    settings: Settings,
    off: Switch,
    private readonly state: State,
    log: Log,
    fetch?: Fetch,
  ) {
    this.log = log.bind({ flow: flow.name });
    this.source = new Client(flow.source.system, flow.delivery, flow.source.rate, settings, off, this.log, fetch);
    const target = new Client(flow.target.system, flow.delivery, flow.target.rate, settings, off, this.log, fetch);
    this.deliverer = new Deliverer(flow, target, state);
  }

  get ok(): boolean {
    return this.stopped === undefined && !this.counts["dead"];
  }

  private count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async run(): Promise<this> {
    const { source, name } = this.flow;
    const bound = this.state.bound(name);
    let highest = bound;
    const query: [string, string][] = source.since && bound !== undefined ? [[source.since, bound]] : [];
    try {
      for await (const page of pages(this.source, source.list, source.items, source.paging, query, source.inside)) {
        for (const version of await this.settle(page)) if (highest === undefined || newer(version, highest)) highest = version;
      }
      // The bound is inclusive: the last records come again, and the state tells that they are done.
      if (source.since && highest !== undefined && highest !== bound) this.state.setBound(name, highest);
    } catch (e) {
      if (e instanceof Stop) this.stopped = e;
      else if (e instanceof Dead || e instanceof Refused) this.stopped = new Stop("source-unreadable", e.message);
      else throw e;
    }
    const why = this.stopped ? { code: this.stopped.code, because: this.stopped.because } : {};
    this.log.write(this.ok ? "info" : "error", "pass-ended", { ...this.counts, dead_letters: this.state.letters(name), ...why });
    return this;
  }

  /** Settles a page; returns the versions of its records. */
  private async settle(page: readonly Json[]): Promise<string[]> {
    const { write } = this.flow.target;
    const versions: string[] = [];
    let pending: Item[] = [];
    const flush = async (): Promise<void> => {
      if (write.how !== "bulk" || !pending.length) return;
      const batch = pending;
      pending = [];
      for (const [item, dead] of await this.deliverer.bulk(write, batch)) {
        if (dead) this.bury(item.key, dead, item.record);
        else this.delivered(item.key, "written");
      }
    };
    for (const record of page) {
      const { key, version, mapped } = this.prepare(record);
      if (version !== undefined) versions.push(version);
      if (mapped === undefined) continue;
      const item: Item = { key, version, record, mapped };
      const known = this.deliverer.known(item);
      if (known) {
        if (known === "unchanged") this.delivered(key, known);
        else this.count(known);
      } else if (write.how === "bulk") {
        // The second form of a record goes into a later batch than the first.
        if (pending.some((p) => p.key === key)) await flush();
        pending.push(item);
      } else {
        try {
          this.delivered(key, await this.deliverer.one(item));
        } catch (e) {
          if (!(e instanceof Dead)) throw e;
          this.bury(key, e, record);
        }
      }
    }
    await flush();
    return versions;
  }

  private delivered(key: string, how: string): void {
    this.count(how);
    this.state.settleLetter(this.flow.name, key);
  }

  /** Key, version and mapped form; a record that cannot be mapped is put aside here and has none. */
  private prepare(record: Json): { key: string; version: string | undefined; mapped: Json } {
    const { source } = this.flow;
    this.count("read");
    const key = isFields(record) ? json.scalar(at(record, source.key)) : undefined;
    if (!key) {
      const made = `#${digest(record).slice(0, 12)}`;
      this.bury(made, new Dead("key-missing", `the record has no ${source.key.join(".")}`), record);
      return { key: made, version: undefined, mapped: undefined };
    }
    const version = source.changed ? json.scalar(at(record, source.changed)) : undefined;
    try {
      const mapped = this.mapping.apply(record);
      const other = this.claim(key, mapped);
      if (other !== undefined) throw new Dead("equal-keys", `record ${other} has the same key in the target`);
      return { key, version, mapped };
    } catch (e) {
      if (e instanceof Rejected) this.bury(key, new Dead(e.code, e.message), record);
      else if (e instanceof Dead) this.bury(key, e, record);
      else throw e;
      return { key, version, mapped: undefined };
    }
  }

  /** Two source records that would become one target record are reported, not silently merged. */
  private claim(key: string, mapped: Json): string | undefined {
    const { write } = this.flow.target;
    const path = write.how === "upsert" ? write.match : write.how === "create" ? undefined : write.key;
    const natural = path ? json.scalar(at(mapped, path)) : undefined;
    if (natural === undefined) return undefined;
    const form = keyForm(natural);
    const holder = this.claims.get(form) ?? key;
    this.claims.set(form, holder);
    return holder === key ? undefined : holder;
  }

  private bury(key: string, dead: Dead, record: Json): void {
    this.count("dead");
    if (this.state.bury(this.flow.name, key, dead.code, dead.because, record)) {
      this.log.write("error", "dead-letter", { key, code: dead.code, because: dead.because });
    }
  }
}
