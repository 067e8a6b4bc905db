/** Runs the flows: `node dist/src/main.js`. Exit code 0: every record that was read was delivered; 1: not all were, see the dead letters and
 * the last lines; 2: it could not begin. */

import { Switch } from "./http.js";
import { Log } from "./log.js";
import { Mapping, useKeys } from "./mapper.js";
import * as mappings from "./mapping.js";
import type { Flow } from "./model.js";
import { Stop } from "./outcome.js";
import { FLOWS, INTEGRATION } from "./plan.js";
import { Pass } from "./run.js";
import { allSecrets, Missing, Settings } from "./settings.js";
import { State } from "./state.js";

async function main(settings: Settings): Promise<number> {
  const log = new Log(settings, { integration: INTEGRATION });
  let state: State;
  try {
    const systems = new Map(FLOWS.flatMap((f) => [f.source.system, f.target.system]).map((s) => [s.name, s]));
    for (const reference of allSecrets(systems.values())) settings.secret(reference);
    useKeys((reference) => settings.secret(reference));
    state = new State(settings);
  } catch (e) {
    if (!(e instanceof Missing || e instanceof Stop || e instanceof RangeError)) throw e;
    log.write("error", "cannot-begin", { because: e.message });
    return 2;
  }
  const off = new Switch(settings);
  // The request in flight is finished, the state is on the disk, and nothing more goes out.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => off.stop());
  const pass = (flow: Flow): Promise<Pass> => {
    const mapping = (mappings as Record<string, unknown>)[flow.mapping];
    if (!(mapping instanceof Mapping)) throw new Error(`there is no mapping ${flow.mapping}`);
    return new Pass(flow, mapping, settings, off, state, log).run();
  };
  try {
    if (settings.service) {
      await Promise.all(FLOWS.map((flow) => serve(flow, settings, off, pass)));
      return 0;
    }
    let ok = true;
    for (const flow of FLOWS) ok = (await pass(flow)).ok && ok;
    return ok ? 0 : 1;
  } finally {
    state.close();
  }
}

/** Passes at the flow's interval until it is told to stop; switched off, it waits. */
async function serve(flow: Flow, settings: Settings, off: Switch, pass: (flow: Flow) => Promise<Pass>): Promise<void> {
  while (!off.stopped) {
    if (!settings.disabled) await pass(flow);
    const until = performance.now() + (flow.everyMs ?? 60_000) / settings.scale;
    while (!off.stopped && (performance.now() < until || settings.disabled)) await new Promise((done) => setTimeout(done, 100));
  }
}

process.exitCode = await main(new Settings());
